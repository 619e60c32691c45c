"""Why a variant differs: what was looked at on the device, what was found, and what not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Descent:
    """One sequence run again with every tensor compared: what it showed."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a variant differs. `named`: a known mistake or at least the operator was found."""

    lines: tuple[str, ...] = ()
    named: bool = False
