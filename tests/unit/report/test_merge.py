from dataclasses import replace

from tflm_hil.report.judgement import Verdict
from tflm_hil.report.merge import merge
from tflm_hil.report.records import LeftOutRecord, RunRecord, TestCounts

from tests.unit.report import synthetic

RUN = replace(synthetic.run(), verdict=Verdict.PASS, variants=(), findings=(), errors=())


def run_of(**changes: object) -> RunRecord:
    return replace(RUN, **changes)  # type: ignore[arg-type]


def test_variants_of_all_workers_each_once_with_its_worst_verdict() -> None:
    good = synthetic.variant("int8", "unrolled")
    bad = replace(good, verdict=Verdict.FAIL)
    other = synthetic.variant("float32", "loop")
    merged = merge("m", [run_of(variants=(good, other)), run_of(variants=(bad,))], TestCounts())
    assert [(v.id, v.verdict) for v in merged.variants] == [
        (other.id, Verdict.PASS),
        (good.id, Verdict.FAIL),
    ]


def test_lists_are_joined_and_findings_told_once() -> None:
    merged = merge("m", [run_of(findings=("a",)), run_of(findings=("a", "b"))], TestCounts())
    assert merged.findings == ("a", "b")
    assert len(merged.flash) == 2 * len(RUN.flash)
    assert merged.seconds == RUN.seconds
    assert merged.device_busy_seconds == 2 * (RUN.device_busy_seconds or 0)


def test_a_run_is_complete_if_that_of_every_worker_is() -> None:
    assert merge("m", [RUN, RUN], TestCounts()).complete
    assert not merge("m", [RUN, run_of(complete=False)], TestCounts()).complete


def test_what_all_workers_left_out_is_told_once() -> None:
    one, other = LeftOutRecord("a", "no samples"), LeftOutRecord("b", "no samples")
    merged = merge("m", [run_of(left_out=(one, other))] * 2, TestCounts())
    assert merged.left_out == (one, other)


def test_verdict_is_the_worst_of_workers_and_tests() -> None:
    assert merge("m", [RUN, RUN], TestCounts(passed=3)).verdict is Verdict.PASS
    assert merge("m", [RUN, run_of(verdict=Verdict.FAIL)], TestCounts()).verdict is Verdict.FAIL
    assert merge("m", [RUN], TestCounts(failed=1)).verdict is Verdict.FAIL
    assert merge("m", [RUN], TestCounts(errors=1)).verdict is Verdict.ERROR


def test_worker_that_reached_no_board_takes_nothing_away() -> None:
    merged = merge("m", [run_of(circumstances=None), RUN], TestCounts())
    assert merged.circumstances == RUN.circumstances
