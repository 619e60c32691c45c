from dataclasses import replace

import pytest
from tflm_hil.report.judgement import Measurement, Rung, Scope, Verdict
from tflm_hil.report.records import (
    ErrorRecord,
    IncidentRecord,
    LintRecord,
    RecoveryRecord,
    RunRecord,
)
from tflm_hil.report.render.terminal import render
from tflm_hil.report.render.wording import MISSING
from tflm_hil.vocabulary import Measure, RungName, Severity

from tests.unit.report import synthetic


@pytest.fixture(scope="module")
def text() -> str:
    return render(synthetic.run(), width=120)


def line_with(text: str, *words: str) -> str:
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    assert lines, f"no line with {words}"
    return lines[0]


def test_variant_is_one_line_with_everything() -> None:
    line = line_with(render(synthetic.run(), width=160), "int8-unrolled", "PASS")
    assert line.split() == [
        *("int8-unrolled", "PASS"),
        *("97.2", "96.9", "96.9", "96.9"),
        *("0", "LSB", "13", "LSB", "TFLM"),
        # of an inference, of a step (8 in a sequence), of a sequence, and the first as time
        *("123,253", "15,407", "123,253", "570.6"),
        *("8.3", "6.0", "1.2", "91"),
    ]


def test_float_variant_shows_real_units(text: str) -> None:
    assert "1.2e-7" in line_with(text, "float32-loop")


def test_regression_shows_rmse_of_every_rung_under_a_heading_that_says_so(text: str) -> None:
    assert "0.2255  0.2266  0.2277  0.2288" in line_with(text, "int8-step")
    assert "RMSE  Next value" in line_with(text, "sine_gru  ")
    assert "accuracy %  Handwritten" in line_with(text, "digits_gru  ")
    assert "RMSE: root mean square error" in text


def test_model_of_many_invokes_tells_cycles_of_a_step_and_of_a_sequence() -> None:
    line = line_with(render(synthetic.run(), width=160), "int8-step")
    assert "11,402" in line, "a ninth of the sequence"
    assert "102,619" in line


def test_cells_have_a_column_where_they_were_run() -> None:
    run = synthetic.run()
    first = run.variants[0]
    cells = replace(first, rungs=(Rung(RungName.CELLS, accuracy=0.9583), *first.rungs))
    text = render(replace(run, variants=(cells, run.variants[1])), width=160)
    assert "cells  Keras  TFLite  TFLM  board" in text
    assert "95.8   97.2" in line_with(text, "float32-loop")
    assert line_with(text, "int8-unrolled").split()[2] == MISSING
    assert "cells" not in render(run)


def test_failed_variant_is_explained(text: str) -> None:
    assert "The error enters between desktop TFLM and the device" in line_with(text, "FAILED:")
    assert "device.differing: 3 values, limit ≤ 0" in text


def test_problems_are_all_told(text: str) -> None:
    assert "pc 0x08003a1c  hil::Lstm  lstm.cc:120" in text
    assert "would fail on silicon: clock-off" in text
    assert "provoked by tests" in text
    assert "in test_hard_fault" in text
    assert "incident in test_ladder.py::test_it: nothing came back" in text
    assert "the run: EmulatorError: the emulator ended" in text


def test_board_that_is_gone_is_told_once_and_not_for_each_variant() -> None:
    error = ErrorRecord("ProbeNotFound", "no board is attached", "connect it")
    gone = [
        replace(synthetic.variant("int8", export), verdict=Verdict.ERROR, error=error)
        for export in ("loop", "fused", "unrolled")
    ]
    incidents = (IncidentRecord("", error, False, RecoveryRecord()),)
    text = render(replace(synthetic.run(), variants=tuple(gone), incidents=incidents))
    assert text.count("no board is attached") == 1
    assert "digits_lstm-int8-loop and 2 more: ProbeNotFound" in text


def test_circumstances_label_modelled_cycles_and_resume(text: str) -> None:
    assert "modelled (insn-count-1)" in line_with(text, "cycles  ")
    assert "812 results are from before" in text
    assert "~/Invoke" in text


def test_measured_cycles_are_not_marked() -> None:
    run = synthetic.run()
    clock = replace(synthetic.CIRCUMSTANCES.clock, cycle_source="dwt", modelled=False)
    text = render(replace(run, circumstances=replace(synthetic.CIRCUMSTANCES, clock=clock)))
    assert "~" not in text
    assert "measured on the chip (dwt)" in text


def test_clock_tree_is_told_as_the_registers_have_it(text: str) -> None:
    assert "HSE 8 MHz (bypass) / M 8 * N 432 / P 2 = 216 MHz, Q 9" in text
    assert "APB1 /4" in text


def test_streaming_is_held_against_device_and_line(text: str) -> None:
    flat = " ".join(text.split())
    assert "device 5.2 s + line" in flat
    assert "streaming took 12 s on the board's own clock (1.20 x) and 14 s of wall time" in flat
    assert "the whole run 41 s (4.12 x)" in flat


def beside(count: int, scope: Scope, tensor: int | None = None) -> Measurement:
    return Measurement(Measure.DIFFERING, count, RungName.DEVICE, scope, tensor)


def test_equality_with_desktop_tflm_is_told_of_all_together(text: str) -> None:
    # unrolled, that which failed, and step
    line = "board against desktop TFLM: 3 of 10,800 outputs of 3 integer variants differ"
    assert f"{line}, floats by at most 1.2e-7" in text
    run = synthetic.run()
    stepwise = replace(
        run.variants[1],
        measurements=(
            beside(2, Scope.OUTPUT, 0),
            beside(1, Scope.STATE, 1),
            beside(7, Scope.SAMPLES),
            beside(4, Scope.LONG_RUN),
            beside(9, Scope.FORCED),
        ),
    )
    text = " ".join(render(replace(run, variants=(stepwise,))).split())
    assert "1 integer variant differ, 3 outputs and states of their single steps, 4 in" in text
    assert "long sequences without a reset (1 variant)" in text


def test_remarks_have_a_place(text: str) -> None:
    assert line_with(text, "left out: 2 variants", "its samples are not shipped")
    assert line_with(text, "not judged: sine_gru-int8-step: device.label_rmse on 40 of 371")
    assert line_with(text, "printed by the engine: sine_gru-int8-step: Input saturates")
    assert "diverges" not in text
    assert "diverges" in render(synthetic.run(), with_details=True)


def test_lints_are_told_and_mere_notes_counted() -> None:
    run = synthetic.run()
    warning = LintRecord("state-scales", Severity.WARNING, "scales differ", "feed back real values")
    note = LintRecord("cell-clip", Severity.NOTE, "the cell is clipped", "know it")
    linted = replace(run.variants[0], lints=(warning, note))
    run = replace(run, variants=(linted, *run.variants[1:]))
    text = render(run)
    assert line_with(text, "before flashing: digits_lstm-float32-loop: warning state-scales")
    assert "the cell is clipped" not in text
    assert line_with(text, "good to know before flashing: 1 with --details")
    assert "the cell is clipped" in render(run, with_details=True)


def test_run_that_learned_nothing_does_not_say_pass() -> None:
    run = replace(synthetic.run(), variants=(), verdict=Verdict.NONE)
    last = render(run).splitlines()[-3:]
    assert any(line.startswith("NOTHING MEASURED · no variant measured") for line in last)


def test_variants_without_limits_are_measured_and_not_judged() -> None:
    bare = replace(synthetic.variant("int8", "loop"), verdict=Verdict.NONE)
    run = replace(synthetic.run(), variants=(bare,), verdict=Verdict.NONE)
    assert "NOT JUDGED · 1 variant of 1 entry · 1 without a limit" in render(run)


def many(count: int, failed: int = 0) -> RunRecord:
    """A zoo of `count` variants, the last of which failed."""
    variants = [
        replace(synthetic.variant("int8", f"export{number}", f"model{number // 5}"))
        for number in range(count)
    ]
    variants[len(variants) - failed :] = [
        replace(item, verdict=Verdict.FAIL, failure=synthetic.failed_variant().failure)
        for item in variants[len(variants) - failed :]
    ]
    return replace(synthetic.run(), variants=tuple(variants), findings=(), errors=())


def test_large_zoo_is_a_line_an_entry() -> None:
    text = render(many(200), width=100)
    assert len([line for line in text.splitlines() if line.startswith("model")]) == 40
    assert "export3" not in text
    assert "export3" in render(many(200), with_details=True)
    assert "export3" in render(many(200), rows="variants")
    assert line_with(render(many(20), rows="entries"), "model3", "PASS")


def test_board_that_is_gone_does_not_fill_the_screen() -> None:
    error = ErrorRecord("ProbeNotFound", "no board is attached", "connect it")
    run = many(200)
    gone = [
        replace(item, verdict=Verdict.ERROR, error=error, rungs=(), cycles=None)
        for item in run.variants
    ]
    text = render(replace(run, variants=tuple(gone)))
    assert len(text.splitlines()) < 80
    assert text.count("no board is attached") == 1
    assert "board vs TFLM:" not in text, "a legend of nothing"


def test_large_zoo_lists_what_did_not_pass() -> None:
    text = render(many(200, failed=12), width=100)
    assert line_with(text, "model39", "FAIL", "0 of 5")
    assert line_with(text, "  int8-export199", "FAIL")
    assert text.count("FAILED: The error enters") == 8
    assert line_with(text, "4 more FAILED: model39-int8-export196")
    assert render(many(200, failed=12), with_details=True).count("FAILED: The error enters") == 12


def test_legend_explains_the_columns_that_are_there() -> None:
    assert "largest step: where" in render(synthetic.run(), width=120)
    assert "largest step" not in render(synthetic.run(), width=80)


@pytest.mark.parametrize("width", [80, 100, 110, 120, 160])
def test_large_zoo_fits_its_width(width: int) -> None:
    for rows in ("entries", "variants"):
        text = render(many(200, failed=1), width=width, rows=rows)
        table = text[text.index("─\n") :]
        assert max(map(len, table.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 100, 110, 120, 160])
def test_fits_its_width_and_keeps_what_matters(width: int) -> None:
    text = render(synthetic.run(), width=width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("PASS", "FAIL", "ERROR", "0 LSB", "123,253"):
        assert word in text


def test_plain_text_has_no_escape_and_colour_has(text: str) -> None:
    assert "\x1b" not in text
    assert "\x1b[" in render(synthetic.run(), colour=True)


def test_run_that_reached_no_board_can_be_shown() -> None:
    run = RunRecord("id", "2026-11-22T01:15:02+00:00", 0.1, Verdict.ERROR, False)
    text = render(run)
    assert "was not reached" in text
    assert "ERROR (not complete)" in text
