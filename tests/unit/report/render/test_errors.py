"""Forensics as lines: every register, and what became of the board."""

from tflm_hil.report.records import ErrorRecord, Recovery, RecoveryRecord
from tflm_hil.report.render.errors import detail_lines, fault_lines, place_line, recovery_text

from tests.unit.report import synthetic

FAULT = synthetic.FAULT


def test_every_register_and_the_source_lines_are_told() -> None:
    lines = fault_lines(FAULT)
    assert lines[0] == place_line(FAULT) == "pc 0x08003a1c  hil::Lstm  lstm.cc:120"
    assert lines[1] == "lr 0x08003b01  hil::Invoke  engine.cc:41"
    text = "\n".join(lines)
    for number, value in enumerate(FAULT.registers):
        assert f"r{number} {value:#010x}" in text
    for word in ("sp 0x20003d30", "xpsr 0x61000000", "CFSR 0x00000200", "'sequence' number 5"):
        assert word in text


def test_a_silent_board_has_the_lines_of_its_post_mortem() -> None:
    assert detail_lines(ErrorRecord("LinkTimeout", "silence", "", ("asleep",))) == ("asleep",)
    assert detail_lines(ErrorRecord("TargetFault", "it faulted", fault=FAULT)) == fault_lines(FAULT)


def test_recovery_is_told_unless_nothing_had_to_be_done() -> None:
    assert recovery_text(RecoveryRecord()) == ""
    assert "answers again" in recovery_text(RecoveryRecord(Recovery.ANSWERS))
    assert recovery_text(RecoveryRecord(Recovery.GIVEN_UP, "no probe")).endswith("no probe")
