"""The operators of a TFLM tree, and which of them a set of models needs.

The table is read from upstream's own MicroMutableOpResolver: one method for each operator, which
names the operator's code and the functions of the library that register it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import zip_longest

from tflm_hil.errors import TflmTreeInvalid

_METHOD = re.compile(r"^ *TfLiteStatus (Add\w+)\(", re.MULTILINE)
_BUILTIN = re.compile(r"AddBuiltin\(\s*BuiltinOperator_(\w+)")
_CUSTOM = re.compile(r'AddCustom\(\s*"([^"]+)"')
_REGISTER = re.compile(r"\bRegister_\w+")


@dataclass(frozen=True)
class Operator:
    """`method` of the resolver, `name` in the schema (or of the custom operator)."""

    method: str
    name: str
    is_custom: bool
    functions: tuple[str, ...]

    @property
    def code(self) -> str:
        """As a model's inspection names it: "ADD", "CUSTOM SignalWindow"."""
        return f"CUSTOM {self.name}" if self.is_custom else self.name

    def is_in(self, symbols: frozenset[str]) -> bool:
        """Whether the library defines what registers it (symbols as nm prints them, mangled)."""
        parts = [f"{len(function)}{function}" for function in self.functions]
        return all(any(part in symbol for symbol in symbols) for part in parts)


def parse_operators(header: str) -> tuple[Operator, ...]:
    """All operators of micro_mutable_op_resolver.h.

    Raises TflmTreeInvalid if the header is not built as it was known to be.
    """
    starts = list(_METHOD.finditer(header))
    operators = []
    ends = [following.start() for following in starts[1:]]
    for start, end in zip_longest(starts, ends):
        body = header[start.start() : end]
        builtin, custom = _BUILTIN.search(body), _CUSTOM.search(body)
        functions = tuple(sorted(set(_REGISTER.findall(body))))
        if builtin is not None:
            operators.append(Operator(start[1], builtin[1], False, functions))
        elif custom is not None:
            operators.append(Operator(start[1], custom[1], True, functions))
    if not operators:
        raise TflmTreeInvalid(
            "micro_mutable_op_resolver.h lists no operators in the form that is known here.",
            remedy="use a tree of TFLM as new as the desktop wheel",
        )
    return tuple(operators)


def choose(operators: tuple[Operator, ...], names: Collection[str] | None) -> list[Operator]:
    """Those with these names (as in `Operator.code`), in the
    table's order; all if `names` is None.

    A name that the library lacks is left out: the device names it when the model is loaded.
    """
    return [item for item in operators if names is None or item.code in names]
