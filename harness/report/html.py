"""The report as one HTML file without anything beside it: for mails and CI artefacts.

It is the terminal's report in the terminal's words and colours, with the browser's fonts: one
source for what a run says, whoever reads it.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from harness.report.records import RunRecord
from harness.report.terminal import CI_WIDTH, report

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>tflm-hil: TITLE</title>
<style>
{stylesheet}
body {{ color: {foreground}; background-color: {background}; margin: 2rem; }}
pre {{ font: 13px/1.35 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
</style>
</head>
<body><pre><code>{code}</code></pre></body>
</html>
"""


def render(run: RunRecord) -> str:
    """The whole page."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=CI_WIDTH,
        force_terminal=True,
        color_system="standard",
        highlight=False,
    )
    console.print(report(run, CI_WIDTH, with_details=True))
    page = console.export_html(theme=DEFAULT_TERMINAL_THEME, code_format=PAGE)
    return page.replace("TITLE", run.run_id, 1)


def write(run: RunRecord, path: Path) -> None:
    """Write the page to `path`."""
    path.write_text(render(run), "utf-8")
