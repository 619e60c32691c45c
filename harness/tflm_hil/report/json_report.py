"""`report.json`: the run record as JSON, described by `schema/report-2.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError
from tflm_hil.files import shown, stored, write_text
from tflm_hil.report import version1
from tflm_hil.report.codec import from_plain, to_plain
from tflm_hil.report.records import SCHEMA, RunRecord
from tflm_hil.visible import in_json

REPORT_NAME = "report.json"
SCHEMA_PATH = Path(__file__).parent / "schema" / "report-2.json"

SHOWN = 200  # characters of what is wrong
WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError,
         AssertionError, StopIteration)  # fmt: skip
"""What a report may raise that is JSON, but whose parts are of the wrong kind or contradict."""


def write(run: RunRecord, directory: Path) -> Path:
    """Write `directory/report.json`; a reader never sees half a file. Raises StorageError."""
    path = directory / REPORT_NAME
    with stored(path):
        directory.mkdir(parents=True, exist_ok=True)
    write_text(path, _text(to_plain(run)))
    return path


def _text(plain: dict[str, Any]) -> str:
    """A line a key, and of lists a line an item: `grep` finds a variant with all that it has."""

    def value(field: Any) -> str:
        if not isinstance(field, list) or not field:
            return _dumps(field)
        items = ",\n  ".join(map(_dumps, field))
        return f"[\n  {items}\n ]"

    keys = ",\n ".join(f"{_dumps(key)}: {value(field)}" for key, field in plain.items())
    return in_json(f"{{\n {keys}\n}}\n")


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(path: Path) -> RunRecord:
    """Read a report (the file, or the folder of a run). Raises ConfigurationError."""
    file = path / REPORT_NAME if path.is_dir() else path
    try:
        plain: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the report {file}: {error.strerror}",
            remedy="name a report.json or the folder of a run, for example reports/sample",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"{file} is not JSON: {error}", remedy="run the suite again to get a new report"
        ) from error
    schema = plain.get("schema") if isinstance(plain, dict) else None
    if schema not in (SCHEMA, version1.SCHEMA):
        raise ConfigurationError(
            f"{file} has the schema {shown(schema)}, this version reads {SCHEMA!r}",
            remedy="show it with the version of tflm-hil that wrote it",
        )
    try:
        if schema == version1.SCHEMA:
            plain = version1.as_today(plain)
        return from_plain(RunRecord, plain)
    except WRONG as error:
        raise does_not_fit(file, error) from error


def does_not_fit(file: Path, error: Exception) -> ConfigurationError:
    """A report that is JSON and no report: where it was damaged or written by hand."""
    detail = " ".join(str(error).split())[:SHOWN]
    return ConfigurationError(
        f"{file} does not follow its schema: {type(error).__name__}: {detail}",
        remedy=f"compare it with {SCHEMA_PATH}",
    )
