"""What a test brings of its own under a name of the plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tflm_hil.errors import ConfigurationError

if TYPE_CHECKING:
    from tflm_hil.models.zoo.manifest import Variant


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


def checked_variant(given: object) -> Variant:
    """`given`, which may be a test's own. Raises ConfigurationError if it is no Variant."""
    from tflm_hil.models.zoo.manifest import Variant

    if not isinstance(given, Variant):
        raise ConfigurationError(
            f"the test's own `variant` is {type(given).__name__}, which cannot be measured",
            remedy="give it another name, or return a Variant of `bench.variants.whole_zoo`",
        )
    return given
