"""The `hil` command.

    hil demo      a tour of the main job on one board: build, flash, stream, compare, report
    hil run       the whole suite on the whole zoo: pytest with the options of this project
    hil measure   the main job on the whole zoo without the suite's further tests
    hil emulate   an emulated board that stays until it is stopped
    hil boards    which boards there are and what state they are in
    hil flash     firmware and models onto a board, and nothing else
    hil report    show a report again; hil zoo: what there is to run
    hil convert   a Keras model to .tflite; hil inspect, hil c-array: what is in it, as C++
    hil compare-engines   builtin and TFLM trees side by side: cycles, arena, flash, stack

Every sub-command imports what it needs when it runs: `hil --help` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path

from tflm_hil.boards.spec import DEFAULT_BOARD
from tflm_hil.commands import models as cli_models
from tflm_hil.commands import report as cli_report
from tflm_hil.commands.say import complain
from tflm_hil.errors import ConfigurationError, HilError
from tflm_hil.files import storage_error
from tflm_hil.options import OPTIONS, RunConfig, from_lookup
from tflm_hil.paths import REPOSITORY

SUITE = REPOSITORY / "tests" / "hil"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; its exit status. Errors of ours are sentences, not tracebacks."""
    # names of files need not be what the terminal can show
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and not arguments.takes_rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        status: int = arguments.function(arguments, rest)
        sys.stdout.flush()
    except HilError as error:
        complain(f"{type(error).__name__}: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `hil report | head`: nobody reads on
        _say_no_more()
        return 1
    except OSError as error:
        _say_no_more()
        complain(f"StorageError: {storage_error(error)}")
        return 1
    return status


def _say_no_more() -> None:
    """What is left in the buffer cannot be written; Python must not complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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

    demo = add("demo", _demo, "a tour on one board: build, flash, stream, compare", options=True)
    measure = add("measure", _measure, "as the tour, with the whole zoo", options=True)
    for command in (demo, measure):
        command.add_argument("names", nargs="*", metavar="NAME", help="entries or variants")
    add(
        "run",
        _run,
        "run the suite with pytest; names of entries and variants choose, -k EXPR and all further"
        " arguments go to pytest",
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
    for command in (demo, measure, engines):
        command.add_argument(
            "-k", dest="expression", default="", metavar="EXPR", help="variants, as for pytest"
        )
    cli_report.add_commands(add)
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
    from tflm_hil.commands.demo import demo

    return demo(_config(arguments), arguments.names, arguments.expression)


def _measure(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.demo import measure_zoo

    return measure_zoo(_config(arguments), arguments.names, arguments.expression)


def _run(arguments: argparse.Namespace, rest: list[str]) -> int:
    import pytest

    from tflm_hil.commands.plugin_arguments import plugin_arguments
    from tflm_hil.run.select import named_in

    config = _config(arguments)
    rest = named_in(rest, config)
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
    imported = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"  # by this command
    return int(pytest.main([*plugin_arguments(), "-W", imported, *flags, *rest]))


def _emulate(_: argparse.Namespace, rest: list[str]) -> int:
    from tflm_hil.commands.emulate import emulate

    return emulate(rest)


def _boards(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.board_table import print_boards

    print_boards(Path(arguments.hil_config) if arguments.hil_config else None)
    return 0


def _flash(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.demo import flash

    return flash(_config(arguments))


def _compare_engines(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.compare_engines import compare_engines

    return compare_engines(_config(arguments), arguments.trees, arguments.expression)


if __name__ == "__main__":
    sys.exit(main())
