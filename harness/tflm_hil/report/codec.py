"""Records to plain JSON values and back, by their type annotations.

Only what records use is supported: str, int, float, bool, StrEnum, None, `X | None`, tuples of
one type, dicts with keys of str or int, dataclasses, and unions of dataclasses and at most one
StrEnum, which a class variable `form` tells apart. Unknown keys are ignored, so that a report of a
later minor change can still be read; a missing key takes the field's default.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dicts, lists, strings and numbers only. NaN and infinities become None: JSON has none."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        form = getattr(type(value), "form", None)
        plain = {} if form is None else {"form": form}
        return plain | {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """The record of type `kind` that `plain` was made from. Raises KeyError, TypeError or
    ValueError if it was not made from one.
    """
    return typing.cast(T, _decode(kind, plain))


def _decode(kind: Any, plain: Any) -> Any:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if plain is None:
            return None
        alternatives = [kind for kind in arguments if kind is not type(None)]
        return _decode(_alternative(alternatives, plain), plain)
    if origin is tuple:
        _must_be(list, plain)
        return tuple(_decode(arguments[0], item) for item in plain)
    if origin is dict:
        _must_be(dict, plain)
        return {_decode(arguments[0], key): _decode(arguments[1], v) for key, v in plain.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_record(kind, plain)
    if kind is float:
        if plain is not None:
            _must_be(int | float, plain)
        return math.nan if plain is None else float(plain)
    if kind in (str, int, bool) and not (kind is int and isinstance(plain, str)):
        _must_be(kind, plain)  # but keys of an object are text, numbers among them
    return kind(plain)


def _must_be(kind: Any, plain: Any) -> None:
    """Raises TypeError for another type: `str` of anything is a text, and means nothing."""
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise TypeError(f"{type(plain).__name__} where {getattr(kind, '__name__', kind)} belongs")


def _alternative(kinds: list[Any], plain: Any) -> Any:
    """Which of several types `plain` was made from. Raises ValueError if from none."""
    if len(kinds) == 1:
        return kinds[0]
    if not isinstance(plain, dict):
        return next(kind for kind in kinds if not dataclasses.is_dataclass(kind))
    for kind in kinds:
        if getattr(kind, "form", "") == plain["form"]:
            return kind
    raise ValueError(f"no record has the form {plain['form']}")


def _decode_record(kind: type, plain: dict[str, Any]) -> Any:
    _must_be(dict, plain)
    hints = typing.get_type_hints(kind)
    required = {
        f.name
        for f in dataclasses.fields(kind)
        if f.init and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    missing = required - plain.keys()
    if missing:
        raise KeyError(f"{kind.__name__} without {', '.join(sorted(missing))}")
    return kind(
        **{
            f.name: _decode(hints[f.name], plain[f.name])
            for f in dataclasses.fields(kind)
            if f.init and f.name in plain
        }
    )
