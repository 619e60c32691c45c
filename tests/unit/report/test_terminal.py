from dataclasses import replace

import pytest

from harness.report.records import ErrorRecord, IncidentRecord, RunRecord, Verdict
from harness.report.terminal import render
from tests.unit.report import synthetic


@pytest.fixture(scope="module")
def text() -> str:
    return render(synthetic.run(), width=120)


def line_with(text: str, *words: str) -> str:
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    assert lines, f"no line with {words}"
    return lines[0]


def test_variant_is_one_line_with_everything(text: str) -> None:
    line = line_with(text, "int8 unrolled", "PASS")
    assert line.split() == [
        "int8",
        "unrolled",
        "PASS",
        "97.2",
        "96.9",
        "96.9",
        "96.9",
        "0",
        "LSB",
        "13",
        "LSB",
        "TFLM",
        "123,253",
        "570.6",
        "8.3",
        "1.2",
        "6.0",
        "91",
    ]


def test_float_variant_shows_real_units(text: str) -> None:
    assert "1.2e-7" in line_with(text, "float32 loop")


def test_failed_variant_is_explained(text: str) -> None:
    assert "3 of 3,600 outputs differ from desktop TFLM" in line_with(text, "FAILED:")
    assert "differing outputs: 3 values, limit ≤ 0" in text
    assert "the error enters at target" in text


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
    incidents = (IncidentRecord("", error, False, ""),)
    text = render(replace(synthetic.run(), variants=tuple(gone), incidents=incidents))
    assert text.count("no board is attached") == 1
    assert "digits_lstm-int8-loop and 2 more: ProbeNotFound" in text


def test_circumstances_label_modelled_cycles_and_resume(text: str) -> None:
    assert "modelled (insn-count-1)" in line_with(text, "cycles  ")
    assert "812 results are from before" in text
    assert "~p50" in text


def test_measured_cycles_are_not_marked() -> None:
    run = synthetic.run()
    clock = replace(synthetic.CIRCUMSTANCES.clock, cycle_source="dwt", modelled=False)
    text = render(replace(run, circumstances=replace(synthetic.CIRCUMSTANCES, clock=clock)))
    assert "~" not in text
    assert "measured on the chip (dwt)" in text


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
