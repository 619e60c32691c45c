"""The chips that pyOCD is taught: one module a family, one small class a package.

A module of this folder lists its chips in `TARGETS`, by the name that a board file gives as
`probe.target`; nothing else has to know of a new one.

Importing this package is cheap; `register` imports pyOCD.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def targets() -> dict[str, type[Any]]:
    """Every chip by its name."""
    chips: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        chips |= importlib.import_module(f"{__name__}.{module.name}").TARGETS
    return chips


def register() -> None:
    """Make the chips known to pyOCD in this process; harmless when repeated."""
    from pyocd.target import TARGET

    for name, chip in targets().items():
        TARGET.setdefault(name, chip)
