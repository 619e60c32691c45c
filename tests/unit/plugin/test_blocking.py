"""Which errors of a session are new, and which only follow from one that was shown."""

from __future__ import annotations

from tflm_hil.errors import BoardLatchedBroken, EmulatorError, HilError, LinkTimeout
from tflm_hil.plugin.blocking import Reported
from tflm_hil.report.records import BlockedRecord, ErrorRecord


def shown(*errors: HilError) -> Reported:
    reported = Reported()
    for error in errors:
        reported.add(error, error, None)
    return reported


def test_the_same_error_blocks_and_an_equal_one_is_new() -> None:
    first = LinkTimeout("silent")
    reported = shown(first)
    assert reported.blocks(first) is first
    assert reported.blocks(LinkTimeout("silent")) is None


def test_a_latched_board_is_blocked_by_what_latched_it() -> None:
    cause = LinkTimeout("silent")
    reported = shown(cause)
    assert reported.blocks(BoardLatchedBroken("not tried again", cause=cause)) is cause
    other = BoardLatchedBroken("not tried again", cause=LinkTimeout("another"))
    assert reported.blocks(other) is None


def test_a_cause_that_no_test_has_shown_is_shown_by_the_first_that_meets_its_latch() -> None:
    """A test provoked it and caught it: then something has to fail all the same."""
    cause = LinkTimeout("silent")
    first, second = (BoardLatchedBroken("not tried again", cause=cause) for _ in range(2))
    reported = Reported()
    assert reported.blocks(first) is None
    reported.add(first, first, None)
    assert reported.blocks(second) is first


def test_both_what_was_raised_and_what_is_behind_it_are_known() -> None:
    raised, behind = LinkTimeout("silent"), EmulatorError("it has ended", remedy="start it")
    reported = Reported()
    reported.add(raised, behind, None)
    assert reported.blocks(raised) is behind
    assert reported.blocks(behind) is behind
    reported.count(raised)
    reported.count(behind)
    record = ErrorRecord("EmulatorError", "it has ended", "start it")
    assert reported.records() == (BlockedRecord(record, 2),)


def test_an_error_that_blocks_nothing_is_not_listed() -> None:
    assert shown(LinkTimeout("silent")).records() == ()
