from dataclasses import asdict, replace

import pytest
from tflm_hil.report.costs import LinkRecord
from tflm_hil.report.drifting import LongRunRecord
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import TestCounts, VariantRecord
from tflm_hil.report.totals import Times, total, verdict

from tests.unit.report import synthetic

GOOD = synthetic.variant("int8", "unrolled")


def streamed(link: LinkRecord | None) -> VariantRecord:
    return replace(GOOD, link=link)


def test_times_are_sums_over_what_was_streamed() -> None:
    one = LinkRecord(1, 2, 3, 0, 0, 9.0, 4.0, 0.5, 0.25, 1.5)
    other = LinkRecord(1, 2, 3, 0, 0, 1.0, 2.0, 0.5, 0.5, 0.5)
    times = Times.of([streamed(one), streamed(other), streamed(None)])
    assert asdict(times) == pytest.approx(
        {
            "device_busy_seconds": 2.0,
            "line_seconds": 2.0,
            "streaming_board_seconds": 6.0,
            "streaming_seconds": 10.0,
        }
    )
    run = LongRunRecord(
        1000, 1, True, 0, 2000, (), None, "no Keras model", None, None, (), None, other
    )
    long = replace(streamed(one), long_run=run)
    assert Times.of([long]) == times, "long sequences count, too"
    assert Times.of([streamed(None)]) == Times(None, None, None, None)
    assert total([None, None]) is None


def test_run_is_as_good_as_its_worst_variant() -> None:
    bad = replace(GOOD, verdict=Verdict.FAIL)
    none = TestCounts()
    assert verdict([GOOD], none, board_reached=True, trouble=False) is Verdict.PASS
    assert verdict([GOOD, bad], none, board_reached=True, trouble=False) is Verdict.FAIL
    assert verdict([GOOD, bad], none, board_reached=True, trouble=True) is Verdict.ERROR
    failed = TestCounts(passed=5, failed=1)
    assert verdict([GOOD], failed, board_reached=True, trouble=False) is Verdict.FAIL
    broken = TestCounts(passed=5, errors=1)
    assert verdict([GOOD], broken, board_reached=True, trouble=False) is Verdict.ERROR


def test_run_that_measured_nothing_has_no_verdict() -> None:
    unit_tests = TestCounts(passed=300, skipped=20)
    assert verdict([], unit_tests, board_reached=False, trouble=False) is Verdict.NONE
    assert verdict([], TestCounts(), board_reached=True, trouble=False) is Verdict.NONE
    assert verdict([], unit_tests, board_reached=True, trouble=False) is Verdict.PASS
