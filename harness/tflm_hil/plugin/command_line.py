"""The options of `tflm_hil.options` on pytest's command line and in its ini file.

`--board` is a short name that others want, too: a conftest.py with an option `--board` of its own
keeps it. Ours is registered after the conftests for that reason, and is `--hil-board` in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tflm_hil.options import OPTIONS, Option

GROUP = "hil"


TAKEN: pytest.StashKey[bool] = pytest.StashKey()


def needs_board(config: pytest.Config) -> str:
    """Why a test is skipped."""
    flag = "--hil-board" if config.stash.get(TAKEN, False) else "--board"
    return f"needs a board: pytest {flag} NAME (`hil boards` lists them)"


def add_options(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Every option, as flag and as ini value, all but short names."""
    group = parser.getgroup(GROUP, "hardware in the loop")
    for option in OPTIONS:
        parser.addini(option.dest, _help(option), default=None)
        if option.is_switch:
            group.addoption(
                option.own_flag, dest=option.dest, action="store_true", help=_help(option)
            )
        else:
            _add(group, option, option.own_flag)
    if any(_is_conftest(plugin) for plugin in pluginmanager.get_plugins()):
        add_short_names(parser)  # named by one, as `pytest_plugins`: no hook of ours comes later


def add_short_names(parser: pytest.Parser) -> bool:
    """`--board`, and whether a conftest or plugin has an option of this name instead."""
    taken = {name for group in _groups(parser) for name in _names(group)}
    for option in _short():
        if option.flag not in taken:
            _add(parser.getgroup(GROUP), option, option.flag)
    return any(option.flag in taken for option in _short())


def without_values(arguments: Sequence[str], places: list[str]) -> list[str]:
    """`places` (files and folders, as long as short names are not known) without their values."""
    flags = [option.flag for option in _short()]
    values = [word for flag, word in pairwise(arguments) if flag in flags]
    return [place for place in places if place not in values]


def _short() -> Iterator[Option]:
    return (option for option in OPTIONS if option.flag != option.own_flag)


def _add(group: Any, option: Option, flag: str) -> None:
    group.addoption(
        flag,
        dest=option.dest,
        action="append" if option.many else "store",
        metavar=option.metavar or None,
        choices=option.choices or None,
        help=_help(option),
    )


def _help(option: Option) -> str:
    return option.help + (f" (default: {option.default})" if option.default else "")


def _is_conftest(plugin: object) -> bool:
    return Path(getattr(plugin, "__file__", None) or "").name == "conftest.py"


def _groups(parser: Any) -> list[Any]:
    groups: list[Any] = list(parser._groups)
    return groups if parser._anonymous in groups else [*groups, parser._anonymous]


def _names(group: Any) -> list[str]:
    return [name for option in group.options for name in option.names()]
