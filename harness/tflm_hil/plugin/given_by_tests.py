"""Whether a test brings a value of its own for a name that the plugin would parametrise."""

from __future__ import annotations

import pytest


def given_by_the_test(metafunc: pytest.Metafunc, name: str, plugin: str) -> bool:
    """By a mark `parametrize`, or by a fixture of its module or conftest that hides the one of
    the module `plugin`.
    """
    for mark in metafunc.definition.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        if name in (names.replace(",", " ").split() if isinstance(names, str) else names):
            return True
    fixtures = metafunc.definition._fixtureinfo.name2fixturedefs.get(name, ())
    return bool(fixtures) and fixtures[-1].func.__module__ != plugin
