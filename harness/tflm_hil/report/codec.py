"""Records to plain JSON values and back, by their type annotations.

Only what records use is supported: str, int, float, bool, StrEnum, None, `X | None`, tuples of
one type, dicts with keys of str or int, dataclasses, and unions of dataclasses and at most one
StrEnum, which a class variable `form` tells apart. Unknown keys are ignored, so that a report of a
later minor change can still be read; a missing key takes the field's default.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
Decoder = Callable[[Any], Any]


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
    return typing.cast(T, _decoder(typing.cast(Any, kind))(plain))


@functools.cache
def _decoder(kind: Any) -> Decoder:
    """What reads a value of this type. Made once for each: to look at annotations takes far longer
    than to read a value, and a report has a million values.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union([kind for kind in arguments if kind is not types.NoneType])
    if origin is tuple:
        return _tuple(_decoder(arguments[0]))
    if origin is dict:
        return _dict(_decoder(arguments[0]), _decoder(arguments[1]))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _RecordDecoder(kind)
    if kind is float:
        return _float
    if kind is int:
        return _int
    if kind in (str, bool):
        return _exactly(kind)
    return _items(kind) if issubclass(kind, Enum) else typing.cast(Decoder, kind)


class _RecordDecoder:
    """Makes records of one kind. Its fields are looked at when the first is made: a record may
    hold its own kind.
    """

    def __init__(self, kind: type) -> None:
        self._kind = kind

    @functools.cached_property
    def _fields(self) -> list[tuple[str, Decoder]]:
        hints = typing.get_type_hints(self._kind)
        fields = [field for field in dataclasses.fields(self._kind) if field.init]
        return [(field.name, _decoder(hints[field.name])) for field in fields]

    @functools.cached_property
    def _required(self) -> frozenset[str]:
        absent = dataclasses.MISSING
        return frozenset(
            field.name
            for field in dataclasses.fields(self._kind)
            if field.init and field.default is absent and field.default_factory is absent
        )

    def __call__(self, plain: Any) -> Any:
        if type(plain) is not dict:
            raise _misplaced(dict, plain)
        if missing := self._required - plain.keys():
            raise KeyError(f"{self._kind.__name__} without {', '.join(sorted(missing))}")
        return self._kind(
            **{name: decode(plain[name]) for name, decode in self._fields if name in plain}
        )


def _union(kinds: list[Any]) -> Decoder:
    """`None`, or the alternative of several that `form` names. Raises ValueError if it is none."""
    if len(kinds) == 1:
        only = _decoder(kinds[0])
        return lambda plain: None if plain is None else only(plain)
    by_form = {kind.form: _decoder(kind) for kind in kinds if hasattr(kind, "form")}
    others = [_decoder(kind) for kind in kinds if not hasattr(kind, "form")]

    def decode(plain: Any) -> Any:
        if plain is None:
            return None
        if not isinstance(plain, dict):
            return next(iter(others))(plain)
        if plain["form"] not in by_form:
            raise ValueError(f"no record has the form {plain['form']}")
        return by_form[plain["form"]](plain)

    return decode


def _tuple(item: Decoder) -> Decoder:
    def decode(plain: Any) -> tuple[Any, ...]:
        if type(plain) is not list:
            raise _misplaced(list, plain)
        return tuple(map(item, plain))

    return decode


def _dict(key: Decoder, item: Decoder) -> Decoder:
    def decode(plain: Any) -> dict[Any, Any]:
        if type(plain) is not dict:
            raise _misplaced(dict, plain)
        return {key(name): item(value) for name, value in plain.items()}

    return decode


def _exactly(kind: type) -> Decoder:
    """`str` of anything is a text, and means nothing: only the type itself is taken."""

    def decode(plain: Any) -> Any:
        if type(plain) is not kind:
            raise _misplaced(kind, plain)
        return plain

    return decode


def _int(plain: Any) -> int:
    if type(plain) is int:
        return plain
    if type(plain) is str:  # keys of an object are text, numbers among them
        return int(plain)
    raise _misplaced(int, plain)


def _float(plain: Any) -> float:
    if type(plain) is float:
        return plain
    if plain is None:
        return math.nan
    if type(plain) is not int:
        raise _misplaced(float, plain)
    return float(plain)


def _items(kind: type[Enum]) -> Decoder:
    """Items by their values; Enum's own call says what is wrong with any other."""
    by_value = {item.value: item for item in kind}

    def decode(plain: Any) -> Enum:
        item = by_value.get(plain)
        return kind(plain) if item is None else item

    return decode


def _misplaced(kind: type, plain: Any) -> TypeError:
    return TypeError(f"{type(plain).__name__} where {kind.__name__} belongs")
