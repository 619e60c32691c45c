"""After the converter has failed or crashed: does another export of the same type convert?

It is tried, and only what came out of a converter is recommended. This costs a conversion or two,
and only where one has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tflm_hil.models.convert.obstacles import Way
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import Arrays, WorkerError, stream_worker

WORKER = "tflm_hil.models.convert.worker"
# Conversions that are tried: what two exports cannot take, a third seldom does.
TRIED = 2


@dataclass(frozen=True)
class Tried:
    """The exports of the same type that were tried, and the one that converts, if one does."""

    failed: tuple[ExportKind, ...]
    works: ExportKind | None


def try_others(request: Mapping[str, Any], arrays: Arrays, timeout_s: float) -> Tried:
    """Convert what `request` asks for with other exports, until one is done."""
    failed: list[ExportKind] = []
    for export in [export for export, dtype in _open(request, timeout_s)
                   if dtype == request["dtype"]][:TRIED]:  # fmt: skip
        try:
            next(stream_worker(WORKER, {**request, "export": export}, arrays, timeout_s=timeout_s))
        except WorkerError:
            failed.append(export)
        else:
            return Tried(tuple(failed), export)
    return Tried(tuple(failed), None)


def _open(request: Mapping[str, Any], timeout_s: float) -> list[Way]:
    """The ways that no rule blocks and whose export can be built."""
    try:
        answer, _ = next(stream_worker(WORKER, {**request, "other": True}, {}, timeout_s=timeout_s))
    except WorkerError:
        return []
    return [(ExportKind(export), Precision(dtype)) for export, dtype in answer["ways"]]
