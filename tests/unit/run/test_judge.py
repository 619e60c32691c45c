import math

import numpy as np

from harness.comparison import Limit, RungOutputs, compare_ladder
from harness.link.messages import LoadedModel
from harness.report.records import LinkRecord, Verdict
from harness.run import judge

MODEL = LoadedModel("00" * 16, "m", (), (), 1000, 600, 40, 7)
LINK = LinkRecord(1, 2, 3, 4, 5, 6.0, 7.0, None, None)


def outputs(*stored: int) -> RungOutputs:
    return RungOutputs.of_stored(
        np.array([stored], np.int8), scale=1 / 256, zero_point=-128, per_step=False
    )


def test_limits_become_measurements_that_judge_themselves() -> None:
    limits = (
        Limit("device", "differing", maximum=0),
        Limit("device", "argmax_agreement", minimum=1.0),
    )
    ladder = compare_ladder({"tflm": outputs(0, 9), "device": outputs(0, 7)}, None, limits)
    found = {m.name: m for m in judge.checks(ladder)}
    assert found["device.differing"].value == 1
    assert found["device.differing"].verdict is Verdict.FAIL
    assert found["device.argmax_agreement"].verdict is Verdict.PASS


def test_limit_with_two_bounds_is_two_measurements() -> None:
    limits = (Limit("device", "max_lsb", minimum=1, maximum=3),)
    ladder = compare_ladder({"tflm": outputs(0, 9), "device": outputs(0, 7)}, None, limits)
    found = judge.checks(ladder)
    assert [(m.limit.relation, m.limit.bound) for m in found if m.limit] == [("<=", 3), (">=", 1)]
    assert all(m.unit == "LSB" for m in found)


def test_rung_keeps_its_histogram_with_string_keys() -> None:
    ladder = compare_ladder({"tflm": outputs(0, 9), "device": outputs(0, 7)})
    rung = judge.rung_record(ladder.rung("device"))
    assert rung.lsb_histogram == {"0": 1, "2": 1}
    assert rung.max_lsb == 2
    assert judge.rung_record(ladder.rung("tflm")).max_abs is None


def test_modelled_cycles_are_marked_and_real_ones_are_not() -> None:
    for modelled, source in ((True, "insn-count-1"), (False, "dwt")):
        cycles = judge.cycle_record(
            np.array([[3], [1], [2]]), (9, 8), (4,), source=source, modelled=modelled
        )
        assert cycles.streamed is not None
        assert (cycles.streamed.minimum, cycles.streamed.p50, cycles.streamed.maximum) == (1, 2, 3)
        marks = {m.modelled for m in judge.figures(cycles, MODEL, 1240, LINK) if m.unit == "cycles"}
        assert marks == ({source} if modelled else {""})


def test_share_that_is_not_known_is_not_a_number() -> None:
    cycles = judge.cycle_record(np.array([[1]]), (), (), source="dwt", modelled=False)
    found = {m.name: m.value for m in judge.figures(cycles, MODEL, 1240, LINK)}
    assert math.isnan(found["link.payload_share"])
    assert found["arena"] == 1000
    assert "cycles.cold.p50" not in found
