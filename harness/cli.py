"""The `hil` command.

    hil demo      the main job on one board: build, flash, stream, compare, report
    hil run       the whole suite: pytest with the options of this project
    hil emulate   an emulated board that stays until it is stopped
    hil boards    which boards there are and what state they are in
    hil flash     firmware and models onto a board, and nothing else
    hil report    show a report again
    hil convert   a Keras model to .tflite; hil inspect, hil c-array: what is in it, as C++
    hil compare-engines   builtin and TFLM trees side by side: cycles, arena, flash, stack

Every sub-command imports what it needs when it runs: `hil --help` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import cli_models
from harness.errors import ConfigurationError, HilError
from harness.run.options import OPTIONS, REPOSITORY, RunConfig, from_lookup

if TYPE_CHECKING:
    from harness.report.records import RunRecord

DEFAULT_BOARD = "nucleo-f746zg-emulated"
SUITE = REPOSITORY / "tests" / "hil"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; its exit status. Errors of ours are sentences, not tracebacks."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and not arguments.takes_rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        status: int = arguments.function(arguments, rest)
    except HilError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `hil report | head`: nobody reads on, and Python must not complain while it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="hil",
        description="Hardware-in-the-loop tests for recurrent neural networks.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str,
        function: Callable[[argparse.Namespace, list[str]], int],
        text: str,
        *,
        options: bool = False,
        takes_rest: bool = False,
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=text, description=text, add_help=name != "emulate", allow_abbrev=False
        )
        command.set_defaults(function=function, takes_rest=takes_rest)
        if options:
            _add_options(command)
        return command

    add("demo", _demo, "build, flash, stream, compare and report on one board", options=True)
    add(
        "run",
        _run,
        "run the suite with pytest; further arguments go to pytest",
        options=True,
        takes_rest=True,
    )
    add("emulate", _emulate, "run an emulated board until it is stopped", takes_rest=True)
    boards = add("boards", _boards, "list boards and their state")
    boards.add_argument("--hil-config", metavar="FILE", help="bench file with probe uids and ttys")
    add("flash", _flash, "bring firmware and models onto a board", options=True)
    engines = add(
        "compare-engines",
        _compare_engines,
        "measure the builtin engine and TFLM trees on one board, side by side",
        options=True,
    )
    engines.add_argument("trees", nargs="+", type=Path, metavar="DIR", help="built TFLM trees")
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
    cli_models.add_commands(add)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    for option in OPTIONS:
        if option.is_switch:
            parser.add_argument(
                option.flag, dest=option.dest, action="store_true", help=option.help
            )
        else:
            parser.add_argument(
                option.flag,
                dest=option.dest,
                action="append" if option.many else "store",
                metavar=option.metavar or None,
                choices=option.choices or None,
                help=option.help,
            )


def _config(arguments: argparse.Namespace) -> RunConfig:
    arguments.hil_board = arguments.hil_board or os.environ.get("HIL_BOARD") or DEFAULT_BOARD
    config = from_lookup(lambda name: getattr(arguments, name, None))
    assert config is not None
    return config


# --- the sub-commands ------------------------------------------------------------------------


def _demo(arguments: argparse.Namespace, _: list[str]) -> int:
    from harness.run.demo import demo

    return demo(_config(arguments))


def _run(arguments: argparse.Namespace, rest: list[str]) -> int:
    import pytest

    from harness.run.plugin_arguments import plugin_arguments

    config = _config(arguments)
    flags = [
        piece
        for option in OPTIONS
        if (value := getattr(arguments, option.dest))
        for piece in option.typed(value)
    ]
    names_tests = any(
        not word.startswith("-") and Path(word.split("::")[0]).exists() for word in rest
    )
    if not names_tests:
        if not SUITE.is_dir():
            raise ConfigurationError(
                f"the suite is not at {SUITE}",
                remedy="run from a clone of the repository, or name your own tests: hil run tests",
            )
        rest = [*rest, str(SUITE)]
    del config  # checked; pytest reads the same options itself
    return int(pytest.main([*plugin_arguments(), *flags, *rest]))


def _emulate(_: argparse.Namespace, rest: list[str]) -> int:
    from harness.emulator import server

    return server.main(rest)


def _boards(arguments: argparse.Namespace, _: list[str]) -> int:
    from harness.run.board_table import print_boards

    print_boards(Path(arguments.hil_config) if arguments.hil_config else None)
    return 0


def _flash(arguments: argparse.Namespace, _: list[str]) -> int:
    from harness.run.demo import flash

    return flash(_config(arguments))


def _compare_engines(arguments: argparse.Namespace, _: list[str]) -> int:
    from harness.run.compare_engines import compare_engines

    return compare_engines(_config(arguments), arguments.trees)


def _report(arguments: argparse.Namespace, _: list[str]) -> int:
    from rich.console import Console

    from harness.report import json_report, terminal

    run = json_report.read(arguments.path or _latest(arguments.report_dir))
    if arguments.html or arguments.table or arguments.save:
        for path in _write_report(run, arguments):
            print(path)
        return 0
    console = Console(highlight=False)
    width = console.width if console.is_terminal else terminal.CI_WIDTH
    text = terminal.render(
        run,
        width=width,
        colour=console.is_terminal,
        with_details=arguments.details,
        rows=arguments.rows,
    )
    print(text)
    return 0


def _write_report(run: RunRecord, arguments: argparse.Namespace) -> list[Path]:
    from harness.report import files, html, markdown

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
    found = sorted(report_dir.glob("*/report.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ConfigurationError(
            f"there is no report in {report_dir.resolve()}",
            remedy="run `hil demo`, or name a report.json",
        )
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
