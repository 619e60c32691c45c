"""A variant's record from its parts: what each adds, and who decides the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison import RungOutputs, compare_ladder
from tflm_hil.drift.long_references import LongReferences
from tflm_hil.drift.long_sequence import LongSequence
from tflm_hil.drift.long_sequence_run import LongRun
from tflm_hil.link.messages import LoadedModel
from tflm_hil.measure.judge import cycle_record
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.streaming import Streamed
from tflm_hil.models.tflite.blocks import Blocks
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.report.causes import Cause, Explanation, Imitated
from tflm_hil.report.costs import LinkRecord
from tflm_hil.report.drifting import LongRunRecord
from tflm_hil.report.judgement import Limit, Measurement, Scope, Verdict
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake, OperatorsForget
from tflm_hil.report.records import ErrorRecord, LintRecord
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.run.assemble import VariantParts, assemble
from tflm_hil.vocabulary import Measure, RungName, Severity

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
VARIANT = next(v for v in load_model(MODELS / "sine_gru").variants if v.name == "int8-step")
LINK = LinkRecord(1, 2, 3, 4, 5, 6.0, 7.0, None, None)
MODEL = LoadedModel("00" * 16, "m", (), (), 1000, 600, 40, 7)
EQUAL = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
LINTS = (LintRecord("cell-clip", Severity.NOTE, "the cell is clipped", "know it"),)


def outputs(last: int) -> RungOutputs:
    return RungOutputs(np.array([[[1], [2]], [[3], [last]]], np.int8), 0.5, 0, per_step=True)


def measured(*, last: int = 4, limits: tuple[Limit, ...] = (EQUAL,), state: int = 0) -> Measured:
    """Two sequences of two Invokes; `last` is 4 on desktop TFLM, `state` counts what differs."""
    ladder = compare_ladder({"tflm": outputs(4), "device": outputs(last)}, None, limits)
    beside = Measurement(
        Measure.DIFFERING, state, RungName.DEVICE, Scope.STATE, tensor=1, limit=EQUAL
    )
    cycles = np.array([[10, 11], [12, 13]])
    return Measured(
        variant=VARIANT,
        model=MODEL,
        streamed=Streamed(Blocks(np.zeros((2, 2), np.uint8)), cycles, resumed=1),
        tensors=(outputs(last),),
        ladder=ladder,
        sequences_in_set=9,
        cycles=cycle_record(cycles, (), (), source="dwt", modelled=False),
        link=LINK,
        stack_bytes=1240,
        extras=(beside,),
        messages=("hello",),
        refusals=("Keras has no such layer",),
    )


def long_run(differing: int) -> LongRun:
    record = LongRunRecord(
        1000, 1, True, differing, 2000, (), None, "no Keras model", None, None, (), None, LINK
    )
    sequence = LongSequence(np.zeros((1000, 1), np.float32), 1)
    references = LongReferences(sequence, None, "no Keras model", (), (), None)
    return LongRun(VARIANT, references, (), record)


def test_what_was_measured_is_all_there() -> None:
    record = assemble(VariantParts(VARIANT, LINTS, measured=measured()))
    assert (record.id, record.sha256, record.lints) == (VARIANT.id, VARIANT.sha256, LINTS)
    assert (record.sequences, record.sequences_in_set, record.steps) == (2, 9, 4)
    assert (record.sequences_resumed, record.time_steps) == (1, 2)
    assert (record.arena_bytes, record.stack_bytes, record.link) == (1000, 1240, LINK)
    assert record.notes == (*VARIANT.notes, "Keras has no such layer")
    assert [item.name for item in record.measurements] == [
        "device.differing",
        "device.state.1.differing",
    ]
    assert (record.verdict, record.failure, record.error) == (Verdict.PASS, None, None)


def test_the_ladder_decides_before_all_others() -> None:
    parts = VariantParts(VARIANT, measured=measured(last=5, state=3), long_run=long_run(7))
    record = assemble(parts)
    assert record.verdict is Verdict.FAIL
    assert record.failure is not None
    assert (record.failure.rung, record.failure.check.scope) == (RungName.DEVICE, Scope.SAMPLES)


def test_what_is_beside_the_ladder_fails_it_too() -> None:
    record = assemble(VariantParts(VARIANT, measured=measured(state=3)))
    assert record.failure is not None
    assert record.failure.check.name == "device.state.1.differing"
    assert (record.verdict, record.entered) == (Verdict.FAIL, RungName.DEVICE)


@pytest.mark.parametrize(("limits", "before"), [((EQUAL,), Verdict.PASS), ((), Verdict.NONE)])
def test_a_long_run_that_misses_its_limit_fails_what_passed(
    limits: tuple[Limit, ...], before: Verdict
) -> None:
    parts = VariantParts(VARIANT, measured=replace(measured(limits=limits), extras=()))
    assert assemble(parts).verdict is before
    assert assemble(replace(parts, long_run=long_run(0))).verdict is before
    record = assemble(replace(parts, long_run=long_run(7)))
    assert record.verdict is Verdict.FAIL
    assert record.failure is not None
    assert record.failure.check.name == "drift.differing"
    assert record.long_run is not None
    assert record.long_run.link == LINK


def test_why_a_long_run_differs_is_told_where_the_samples_are_right() -> None:
    """Of a state that a kernel forgets: the samples need none, and it is the run that fails."""
    forgets = Cause(
        CauseKind.KERNEL_FORGETS,
        Mistake(OperatorsForget(("UNIDIRECTIONAL_SEQUENCE_LSTM",))),
        evidence=(Imitated(1, 1, 36),),
    )
    run = replace(long_run(7), explanation=Explanation((forgets,)))
    record = assemble(VariantParts(VARIANT, measured=measured(), long_run=run))
    assert record.explanation == Explanation((forgets,))
    text = verdict_text(record)
    assert "1,000 steps in one are not" in text
    assert "Cause: kernel forgets its state between calls" in text
    assert "in all 36 Invokes" in text
    assert "→ Build the TFLM tree without OPTIMIZED_KERNEL_DIR=cmsis_nn" in text
    own = Explanation()
    parts = VariantParts(VARIANT, measured=measured(last=5), long_run=run, explanation=own)
    assert assemble(parts).explanation is own, "of the samples, which failed before"


def test_explanation_and_error_are_parts_of_it() -> None:
    explanation = Explanation()
    parts = VariantParts(VARIANT, measured=measured(last=5), explanation=explanation)
    assert assemble(parts).explanation is explanation
    error = ErrorRecord("LinkTimeout", "silence")
    record = assemble(VariantParts(VARIANT, LINTS, error=error))
    assert (record.verdict, record.error, record.rungs) == (Verdict.ERROR, error, ())
    assert assemble(VariantParts(VARIANT)).verdict is Verdict.NONE
