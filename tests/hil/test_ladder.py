"""Every variant over all its test sequences: Keras → TFLite → desktop TFLM → device."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.measure.measure import Measured
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.records import Verdict
from tflm_hil.run.run import Run


def test_every_sequence_was_answered(measured: Measured, hil: Run) -> None:
    assert measured.record.sequences_in_set == len(measured.variant.load_samples())
    asked = hil.config.sequences or measured.record.sequences_in_set
    assert measured.record.sequences == min(asked, measured.record.sequences_in_set)
    assert len(measured.streamed.blocks) == len(measured.streamed.cycles)
    assert measured.record.sequences == len(measured.streamed.blocks)


def test_device_is_held_to_desktop_tflm(measured: Measured, bench: Bench) -> None:
    """The desktop TFLM is the bit oracle of integer models: not one output may differ.

    Floats are summed in another order: the manifest bounds them for the engine that runs.
    """
    rung = measured.device_rung
    if rung.max_lsb is not None:
        assert rung.differing == 0, measured.record.sentence
        return
    limits = measured.variant.limits_for(bench.hello.engine)
    (limit,) = (
        item for item in limits if item.rung == "device" and item.measure in ("max_abs", "max_rel")
    )
    found = rung.measure(limit.measure)
    assert found is not None
    assert limit.allows(found), measured.record.sentence
    if measured.variant.task == "classification":
        assert rung.argmax_agreement == 1.0


def test_every_limit_of_the_manifest_is_kept(measured: Measured) -> None:
    broken = [m for m in measured.record.measurements if m.verdict is Verdict.FAIL]
    assert not broken, measured.record.sentence


def test_verdict_is_pass(measured: Measured) -> None:
    assert measured.record.verdict is Verdict.PASS, measured.record.sentence


def test_device_is_as_accurate_as_desktop_tflm(measured: Measured) -> None:
    by_name = {rung.name: rung.accuracy for rung in measured.record.rungs}
    assert by_name["device"] == by_name["tflm"]


def ends_in_softmax(variant: Variant) -> bool:
    """Whether the judged output comes from a SOFTMAX, perhaps dequantised."""
    main = inspect(variant.content(), variant.id).subgraphs[0]
    makers = {index: op for op in main.operators for index in op.outputs}
    maker = makers.get(main.outputs[0])
    while maker is not None and maker.name in ("DEQUANTIZE", "QUANTIZE", "RESHAPE"):
        maker = makers.get(maker.inputs[0])
    return maker is not None and maker.name == "SOFTMAX"


def test_outputs_are_of_the_kind_that_the_task_asks_for(measured: Measured) -> None:
    """The device's numbers mean something by themselves, whatever they are compared with."""
    labels = measured.variant.load_samples().first(measured.record.sequences).labels
    if labels is None:
        pytest.skip("samples without labels do not say what the outputs mean")
    if measured.variant.task == "classification":
        if not ends_in_softmax(measured.variant):
            pytest.skip("the outputs are scores, not probabilities")
        sums = measured.outputs.reshape(-1, measured.outputs.shape[-1]).sum(axis=-1)
        assert np.all(np.abs(sums - 1) < 0.05)
    else:
        # predictions: of the size of what is predicted, and not all the same
        spread = float(np.ptp(labels))
        assert labels.min() - spread < measured.outputs.min()
        assert measured.outputs.max() < labels.max() + spread
        assert float(np.ptp(measured.outputs)) > 0.1 * spread
