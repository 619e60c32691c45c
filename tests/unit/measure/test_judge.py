import math

import numpy as np
from tflm_hil.comparison import RungOutputs, compare_ladder
from tflm_hil.link.messages import LoadedModel
from tflm_hil.measure import judge
from tflm_hil.report.costs import LinkRecord
from tflm_hil.report.judgement import Limit, Part, Verdict
from tflm_hil.vocabulary import Measure, RungName, Unit

MODEL = LoadedModel("00" * 16, "m", (), (), 1000, 600, 40, 7)
LINK = LinkRecord(1, 2, 3, 4, 5, 6.0, 7.0, None, None)


def outputs(*stored: int) -> RungOutputs:
    return RungOutputs(np.array([stored], np.int8), scale=1 / 256, zero_point=-128, per_step=False)


def test_modelled_cycles_are_marked_and_real_ones_are_not() -> None:
    for modelled, source in ((True, "insn-count-1"), (False, "dwt")):
        cycles = judge.cycle_record(
            np.array([[3], [1], [2]]), (9, 8), (4,), source=source, modelled=modelled
        )
        assert cycles.streamed is not None
        assert (cycles.streamed.minimum, cycles.streamed.p50, cycles.streamed.maximum) == (1, 2, 3)
        marks = {
            m.modelled for m in judge.figures(cycles, MODEL, 1240, LINK) if m.unit is Unit.CYCLES
        }
        assert marks == ({source} if modelled else {""})


def test_share_that_is_not_known_is_not_a_number() -> None:
    cycles = judge.cycle_record(np.array([[1]]), (), (), source="dwt", modelled=False)
    figures = {m.name: m.value for m in judge.figures(cycles, MODEL, 1240, LINK)}
    assert math.isnan(figures["link.payload_share"])
    assert figures["arena"] == 1000
    assert "cycles.cold.p50" not in figures


def test_limit_that_was_set_aside_is_told_with_its_value_and_neither_pass_nor_fail() -> None:
    rungs = {"tflm": outputs(0, 9), "device": outputs(0, 7)}
    ladder = compare_ladder(rungs, np.array([1]), ())
    limits = (
        Limit(RungName.DEVICE, Measure.ACCURACY, minimum=1.5),
        Limit(RungName.KERAS, Measure.ACCURACY, minimum=0.5),
    )
    (shown,) = judge.set_aside(ladder, limits, Part(1, 9))
    assert (shown.rung, shown.measure, shown.value) == (RungName.DEVICE, Measure.ACCURACY, 1.0)
    assert shown.verdict is Verdict.NONE
    assert shown.not_judged == Part(1, 9)


def test_cycles_of_a_sequence_are_those_of_all_its_invokes() -> None:
    cycles = judge.cycle_record(np.array([[1, 2], [3, 4]]), (), (), source="dwt", modelled=False)
    assert cycles.per_sequence is not None
    assert (cycles.per_sequence.minimum, cycles.per_sequence.maximum) == (3, 7)
