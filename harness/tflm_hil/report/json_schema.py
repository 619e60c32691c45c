"""The JSON schema of a report, made from the records: `schema/report-2.json`.

    python -m tflm_hil.report.json_schema > harness/tflm_hil/report/schema/report-2.json

A test holds the committed file against what this module makes.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from enum import Enum
from typing import Any

from tflm_hil.report.records import SCHEMA, RunRecord

Schema = dict[str, Any]

PLAIN: dict[type, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # NaN and infinities are null: JSON has none
}


def report_schema() -> Schema:
    """The whole document."""
    definitions: dict[str, Schema] = {}
    run = _record(RunRecord, definitions)
    run["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://tflm-hil.invalid/schema/report-2.json",
        "title": "tflm-hil run report, version 2",
        **run,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _record(kind: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    properties = {field.name: _value(hints[field.name], definitions) for field in fields}
    if hasattr(kind, "form"):  # tells the alternatives of a union apart
        properties["form"] = {"const": kind.form}
    return {
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if _is_required(field)],
        "properties": properties,
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    """What has no default; a reader fills in the others."""
    absent = dataclasses.MISSING
    return field.default is absent and field.default_factory is absent


def _value(kind: Any, definitions: dict[str, Schema]) -> Schema:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union(arguments, definitions)
    if origin is tuple:
        return {"type": "array", "items": _value(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(arguments[1], definitions)}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # stands for itself while it is made
            definitions[kind.__name__] = _record(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [item.value for item in kind]}
    return dict(PLAIN[kind])


def _union(kinds: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    choices = [_value(kind, definitions) for kind in kinds if kind is not type(None)]
    if type(None) in kinds and {"type": "null"} not in choices:
        choices.append({"type": "null"})
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


if __name__ == "__main__":
    print(json.dumps(report_schema(), indent=1))
