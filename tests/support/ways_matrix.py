"""Every export in every type of some models, as a conversion begins it: refused, or built.

    python -m tests.support.ways_matrix: request {"files": [...]}

Answers, by file and "export type", null or the details of the refusal. Nothing is converted.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from tflm_hil.models.convert.exports.rebuild import load
from tflm_hil.models.convert.obstacles import WAYS
from tflm_hil.models.convert.trial import NotConvertedError, building, check, options
from tflm_hil.worker import Arrays, serve


def matrix(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Try every way of every file."""
    return {Path(name).stem: {" ".join(way): _refusal(Path(name), *way) for way in WAYS}
            for name in request["files"]}, {}  # fmt: skip


def _refusal(path: Path, export: str, dtype: str) -> dict[str, Any] | None:
    model = load(str(path))
    try:
        check(model, path, export, dtype)
        with building(model, path, export, dtype):
            module = importlib.import_module(f"tflm_hil.models.convert.exports.{export}")
            module.converter(path, **options(export, dtype))
    except NotConvertedError as refusal:
        return refusal.details
    return None


if __name__ == "__main__":
    serve(matrix)
