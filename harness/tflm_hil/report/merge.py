"""One report out of several: pytest-xdist workers have a board and a run each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from tflm_hil.report.judgement import WORST_FIRST, Verdict, worst
from tflm_hil.report.records import FailingTest, RunRecord, TestCounts, VariantRecord
from tflm_hil.report.totals import total


def merge(
    run_id: str,
    runs: Sequence[RunRecord],
    tests: TestCounts,
    failing: tuple[FailingTest, ...] = (),
) -> RunRecord:
    """The runs of all workers as one. Circumstances are those of the first that reached a board.

    A variant that several workers measured appears once, with its worst verdict.
    """
    variants: dict[str, VariantRecord] = {}
    for variant in chain.from_iterable(run.variants for run in runs):
        known = variants.get(variant.id)
        if known is None or _badness(variant) < _badness(known):
            variants[variant.id] = variant
    verdicts = [run.verdict for run in runs]
    if tests.failed:
        verdicts.append(Verdict.FAIL)
    if tests.errors:
        verdicts.append(Verdict.ERROR)
    if tests.blocked:
        verdicts.append(Verdict.BLOCKED)
    return RunRecord(
        run_id=run_id,
        started=min(run.started for run in runs),
        seconds=max(run.seconds for run in runs),
        verdict=worst(verdicts),
        complete=all(run.complete for run in runs),
        circumstances=next((run.circumstances for run in runs if run.circumstances), None),
        variants=tuple(variants[key] for key in sorted(variants)),
        flash=tuple(chain.from_iterable(run.flash for run in runs)),
        incidents=tuple(chain.from_iterable(run.incidents for run in runs)),
        findings=tuple(dict.fromkeys(chain.from_iterable(run.findings for run in runs))),
        errors=tuple(chain.from_iterable(run.errors for run in runs)),
        tests=tests,
        resumed=tuple(chain.from_iterable(run.resumed for run in runs)),
        damaged=tuple(dict.fromkeys(chain.from_iterable(run.damaged for run in runs))),
        passed_over=tuple(dict.fromkeys(chain.from_iterable(run.passed_over for run in runs))),
        interrupted=next((run.interrupted for run in runs if run.interrupted), None),
        device_busy_seconds=total(run.device_busy_seconds for run in runs),
        line_seconds=total(run.line_seconds for run in runs),
        streaming_board_seconds=total(run.streaming_board_seconds for run in runs),
        streaming_seconds=total(run.streaming_seconds for run in runs),
        left_out=tuple(dict.fromkeys(chain.from_iterable(run.left_out for run in runs))),
        blocked=tuple(chain.from_iterable(run.blocked for run in runs)),
        failing_tests=failing,
    )


def _badness(variant: VariantRecord) -> int:
    return WORST_FIRST.index(variant.verdict)
