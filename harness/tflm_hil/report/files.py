"""The files that a run leaves in its folder, beside its journal."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tflm_hil.report import json_report
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render import html, markdown

PAGE_NAME = "report.html"


def leave(run: RunRecord, directory: Path) -> Path:
    """Write `report.json`, then what is made from it: `zoo.md`. Gives the path of the first."""
    for name in (json_report.REPORT_NAME, markdown.TABLE_NAME):
        for draft in directory.glob(f".{name}.*.part"):  # of one that was killed while it wrote
            with suppress(OSError):
                draft.unlink()
    path = json_report.write(run, directory)
    markdown.write(run, directory / markdown.TABLE_NAME)
    return path


def save(run: RunRecord, directory: Path) -> list[Path]:
    """Those and the page, in another folder: to be passed on, or committed as a sample."""
    report = leave(run, directory)
    html.write(run, directory / PAGE_NAME)
    return [report, directory / markdown.TABLE_NAME, directory / PAGE_NAME]
