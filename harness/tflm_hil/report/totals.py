"""Times of a whole run, from those of its variants; and the verdict that it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tflm_hil.report.costs import LinkRecord
from tflm_hil.report.judgement import Verdict, worst
from tflm_hil.report.records import TestCounts, VariantRecord


@dataclass(frozen=True)
class Times:
    """Seconds, as the fields of a `RunRecord` with these names; None where nothing was streamed."""

    device_busy_seconds: float | None
    line_seconds: float | None
    streaming_board_seconds: float | None
    streaming_seconds: float | None

    @classmethod
    def of(cls, variants: Sequence[VariantRecord]) -> Times:
        """The sums over all that were streamed."""
        links = [link for variant in variants for link in _links(variant)]
        return cls(
            device_busy_seconds=total(
                link.device_busy * link.board_seconds
                for link in links
                if link.device_busy is not None and link.board_seconds is not None
            ),
            line_seconds=total(link.line_seconds for link in links),
            streaming_board_seconds=total(link.board_seconds for link in links),
            streaming_seconds=total(link.seconds for link in links),
        )


def _links(variant: VariantRecord) -> list[LinkRecord]:
    """Of the samples and of the long sequence."""
    long = None if variant.long_run is None else variant.long_run.link
    return [link for link in (variant.link, long) if link is not None]


def total(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def verdict(
    variants: Sequence[VariantRecord], tests: TestCounts, *, board_reached: bool, trouble: bool
) -> Verdict:
    """The worst that there is. `trouble`: errors or findings of the run itself.

    Tests that passed say something only about a board that was there: those of a session that
    reached none (they need none, or all others were skipped) have measured nothing.
    """
    verdicts = [variant.verdict for variant in variants]
    if tests.failed:
        verdicts.append(Verdict.FAIL)
    if tests.errors or trouble:
        verdicts.append(Verdict.ERROR)
    if tests.blocked:
        verdicts.append(Verdict.BLOCKED)
    if tests.passed and board_reached:
        verdicts.append(Verdict.PASS)
    return worst(verdicts)
