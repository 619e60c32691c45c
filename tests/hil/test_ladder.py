"""Every variant over all its test sequences: Keras → TFLite → desktop TFLM → device."""

from __future__ import annotations

import numpy as np

from harness.report.records import Verdict
from harness.run.bench import Bench
from harness.run.measure import Measured
from harness.run.run import Run


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
    if measured.variant.dtype != "float32":
        assert rung.differing == 0, measured.record.sentence
        return
    limits = measured.variant.limits_for(bench.hello.engine)
    (limit,) = (item for item in limits if (item.rung, item.measure) == ("device", "max_abs"))
    assert rung.max_abs is not None
    assert limit.allows(rung.max_abs), measured.record.sentence
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


def test_outputs_are_of_the_kind_that_the_task_asks_for(measured: Measured) -> None:
    """The device's numbers mean something by themselves, whatever they are compared with."""
    if measured.variant.task == "classification":
        sums = measured.outputs.reshape(-1, measured.outputs.shape[-1]).sum(axis=-1)
        assert np.all(np.abs(sums - 1) < 0.05)
    else:
        # predictions: of the size of what is predicted, and not all the same
        labels = measured.variant.load_samples().first(measured.record.sequences).labels
        assert labels is not None
        spread = float(np.ptp(labels))
        assert labels.min() - spread < measured.outputs.min()
        assert measured.outputs.max() < labels.max() + spread
        assert float(np.ptp(measured.outputs)) > 0.1 * spread
