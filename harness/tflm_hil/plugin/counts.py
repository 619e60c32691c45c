"""pytest's own counts, for the report."""

from __future__ import annotations

from typing import Any

from tflm_hil.plugin.blocking import BLOCKED
from tflm_hil.report.records import TestCounts


def count(config: Any) -> TestCounts:
    """What the terminal reporter has counted so far; zeros if there is none."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return TestCounts()

    def of(*categories: str) -> int:
        return sum(len(reporter.stats.get(category, ())) for category in categories)

    return TestCounts(
        passed=of("passed", "xfailed"),
        failed=of("failed", "xpassed"),
        errors=of("error"),
        skipped=of("skipped"),
        blocked=of(BLOCKED),
    )
