"""Every variant over all its test sequences: Keras → TFLite → desktop TFLM → device."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.run.run import Run
from tflm_hil.vocabulary import Measure, RungName, Task


def told(hil: Run, measured: Measured) -> str:
    """The verdict as the report has it, for the sentence of a failure."""
    return verdict_text(hil.record_of(measured.variant))


def test_every_sequence_was_answered(measured: Measured, hil: Run) -> None:
    assert measured.sequences_in_set == len(measured.variant.load_samples())
    asked = hil.config.sequences or measured.sequences_in_set
    assert measured.sequences == min(asked, measured.sequences_in_set)
    assert len(measured.streamed.blocks) == len(measured.streamed.cycles)
    assert measured.sequences == len(measured.outputs)


def test_device_is_held_to_desktop_tflm(measured: Measured, bench: Bench, hil: Run) -> None:
    """The desktop TFLM is the bit oracle of integer models: not one output may differ.

    Floats are summed in another order: the manifest bounds them for the engine that runs.
    """
    rung = measured.device_rung
    if rung.max_lsb is not None:
        assert rung.differing == 0, told(hil, measured)
        return
    limits = measured.variant.limits_for(bench.hello.engine)
    (limit,) = (
        item
        for item in limits
        if item.rung is RungName.DEVICE and item.measure in (Measure.MAX_ABS, Measure.MAX_REL)
    )
    measured_value = rung.measured(limit.measure)
    assert measured_value is not None
    assert limit.allows(measured_value), told(hil, measured)
    if measured.variant.task is Task.CLASSIFICATION:
        assert rung.argmax_agreement == 1.0


def test_every_limit_of_the_manifest_is_kept(measured: Measured, hil: Run) -> None:
    broken = [item.name for item in measured.measurements if item.verdict is Verdict.FAIL]
    assert not broken, told(hil, measured)


def test_limits_are_those_of_the_engine_that_runs(measured: Measured, bench: Bench) -> None:
    limits = {item.limit for item in measured.measurements if item.limit is not None}
    engine = bench.hello.engine
    assert [limit for limit in limits if not limit.holds_for(engine)] == []
    own = {limit for limit in measured.variant.limits if limit.engine == engine}
    assert own <= limits


def test_verdict_is_pass(measured: Measured, hil: Run) -> None:
    assert measured.verdict is Verdict.PASS, told(hil, measured)


def test_device_is_as_accurate_as_desktop_tflm(measured: Measured) -> None:
    rungs = measured.ladder
    assert rungs.rung("device").accuracy == rungs.rung("tflm").accuracy
    assert rungs.rung("device").auc == rungs.rung("tflm").auc


def ends_in_softmax(variant: Variant) -> bool:
    """Whether the judged output comes from a SOFTMAX, perhaps dequantised."""
    main = variant.inspection().subgraphs[0]
    makers = {index: op for op in main.operators for index in op.outputs}
    maker = makers.get(main.outputs[0])
    while maker is not None and maker.name in ("DEQUANTIZE", "QUANTIZE", "RESHAPE"):
        maker = makers.get(maker.inputs[0])
    return maker is not None and maker.name == "SOFTMAX"


def test_outputs_are_of_the_kind_that_the_task_asks_for(measured: Measured) -> None:
    """The device's numbers mean something by themselves, whatever they are compared with."""
    labels = measured.variant.load_samples().first(measured.sequences).labels
    if labels is None:
        pytest.skip("samples without labels do not say what the outputs mean")
    if measured.variant.task is Task.CLASSIFICATION:
        if not ends_in_softmax(measured.variant):
            pytest.skip("the outputs are scores, not probabilities")
        values = measured.outputs.values
        sums = values.reshape(-1, values.shape[-1]).sum(axis=-1)
        assert np.all(np.abs(sums - 1) < 0.05)
    elif measured.variant.task is Task.REGRESSION:
        # predictions: of the size of what is predicted, and not all the same
        spread = float(np.ptp(labels))
        values = measured.outputs.values
        assert labels.min() - spread < values.min()
        assert values.max() < labels.max() + spread
        assert float(np.ptp(values)) > 0.1 * spread
