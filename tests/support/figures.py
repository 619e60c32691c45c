"""Records with figures that were fitted: equal if their figures are, to three digits."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

DIGITS = 2e-3


def close(record: Any, expected: Any) -> bool:
    """Whether `record` is `expected`, a record, enumeration or type.

    A figure that is NaN in `expected` may be anything; of a type any record will do.
    """
    if isinstance(expected, type):
        return isinstance(record, expected)
    if type(record) is not type(expected):
        return False
    if not is_dataclass(expected):
        return bool(record == expected)
    return all(
        _close(getattr(record, item.name), getattr(expected, item.name))
        for item in fields(expected)
    )


def _close(value: Any, expected: Any) -> bool:
    if not isinstance(expected, float):
        return bool(value == expected)
    return math.isnan(expected) or bool(value == pytest.approx(expected, rel=DIGITS, abs=DIGITS))
