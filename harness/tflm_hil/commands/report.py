"""The sub-commands of `hil` that only look: at runs that were, and at the zoo.

hil report    show a run again, or write its table and its page
hil zoo       what there is to run
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tflm_hil.errors import ConfigurationError

if TYPE_CHECKING:
    from tflm_hil.report.records import RunRecord

Function = Callable[[argparse.Namespace, list[str]], int]
Add = Callable[[str, Function, str], argparse.ArgumentParser]


def add_commands(add: Add) -> None:
    """Register the sub-commands through the parser's own `add`."""
    report = add("report", _report, "show a report")
    report.add_argument(
        "path", nargs="?", type=Path, help="report.json or a run's folder (default: the latest)"
    )
    report.add_argument("--details", action="store_true", help="spread, line and every rung, too")
    report.add_argument(
        "--rows",
        choices=("auto", "variants", "entries"),
        default="auto",
        help="a line a variant or a line an entry (auto: entries if there are many variants)",
    )
    report.add_argument("--html", type=Path, metavar="FILE", help="write it as one HTML file")
    report.add_argument("--table", type=Path, metavar="FILE", help="write the table as Markdown")
    report.add_argument(
        "--save", type=Path, metavar="DIR", help="write report.json, table and page to a folder"
    )
    report.add_argument("--report-dir", type=Path, default=Path("reports"), help="where runs are")

    zoo = add("zoo", _zoo, "list the entries of the zoo, or the variants of some")
    zoo.add_argument("names", nargs="*", metavar="ENTRY", help="list the variants of these entries")
    zoo.add_argument("--hil-zoo", type=Path, metavar="DIR", help="folder of models")


def _zoo(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.zoo_list import print_zoo
    from tflm_hil.options import SHIPPED_ZOO

    print_zoo(arguments.hil_zoo or SHIPPED_ZOO, arguments.names)
    return 0


def _report(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.report import json_report
    from tflm_hil.report.render import terminal
    from tflm_hil.report.render.console import Console

    source = arguments.path or _latest(arguments.report_dir)
    run = json_report.read(source)
    console = Console()
    try:
        if arguments.html or arguments.table or arguments.save:
            text = "\n".join(map(str, _write(run, arguments)))
        else:
            text = terminal.render(
                run,
                width=console.width if console.is_terminal else terminal.CI_WIDTH,
                colour=console.is_terminal,
                with_details=arguments.details,
                rows=arguments.rows,
            )
    except json_report.WRONG as error:  # each part is of the right kind, and they contradict
        raise json_report.does_not_fit(source, error) from error
    print(text)
    return 0


def _write(run: RunRecord, arguments: argparse.Namespace) -> list[Path]:
    from tflm_hil.report import files
    from tflm_hil.report.render import html, markdown

    written: list[Path] = []
    if arguments.html:
        html.write(run, arguments.html)
        written.append(arguments.html)
    if arguments.table:
        written.append(markdown.write(run, arguments.table))
    if arguments.save:
        written += files.save(run, arguments.save)
    return written


def _latest(report_dir: Path) -> Path:
    reports = sorted(report_dir.glob("*/report.json"), key=lambda path: path.stat().st_mtime)
    if not reports:
        raise ConfigurationError(
            f"there is no report in {report_dir.resolve()}",
            remedy="run `hil demo`, or name a report.json",
        )
    return reports[-1]
