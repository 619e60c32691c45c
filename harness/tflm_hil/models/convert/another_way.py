"""After a conversion that fails, or that no engine runs: is there one that does?

It is tried, and only what came out of a converter, and is taken by an engine, is recommended: other
exports of the same type, then other types, and, where the model has an activation that is seldom
supported, the nearest one in its place. This costs some conversions, and only where one has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tflm_hil.models.convert.obstacles import PREFERRED, Way
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import Arrays, WorkerError, stream_worker

WORKER = "tflm_hil.models.convert.worker"
# Conversions that are tried: what two exports cannot take, a third seldom does.
EXPORTS_TRIED = 2

Runs = Callable[[bytes], bool]
"""Whether an engine runs a converted model."""


@dataclass(frozen=True)
class Tried:
    """The ways that were tried in vain, and the one that works, if one does; `runs`: it was not
    only converted but taken by an engine. `activations` are those that were replaced in it, by the
    names of both, and `layers` those that have them.
    """

    failed: tuple[Way, ...]
    works: Way | None
    runs: bool = False
    activations: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Others:
    """What may be tried: ways that no rule blocks and whose export can be built, and activations
    with the nearest one and the layers.
    """

    ways: tuple[Way, ...] = ()
    activations: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()


def try_others(
    request: Mapping[str, Any], arrays: Arrays, timeout_s: float, runs: Runs | None = None
) -> Tried:
    """Convert what `request` asks for in other ways, until one is done, and `runs` if that is
    asked. With representative data every type is tried, without only float32.
    """
    others = _others(request, timeout_s)
    asked = (ExportKind(request["export"]), Precision(request["dtype"]))
    failed: list[Way] = []
    for way in to_try(
        others, asked, calibrated=any(key.startswith("calibration/") for key in arrays)
    ):
        if _works({**request, "export": way[0], "dtype": way[1]}, arrays, timeout_s, runs):
            return Tried(tuple(failed), way, runs is not None)
        failed.append(way)
    if others.activations and _works(
        {**request, "activations": others.activations}, arrays, timeout_s, runs
    ):
        return Tried(
            tuple(failed), asked, runs is not None, dict(others.activations), others.layers
        )
    return Tried(tuple(failed), None, runs is not None)


def to_try(others: Others, asked: Way, *, calibrated: bool) -> list[Way]:
    """The ways in the order in which they are tried. Another export has the same activations: where
    one of them may be it, only other types are.
    """
    same = [] if others.activations else [way for way in others.ways if way[1] == asked[1]]
    by_type: dict[Precision, Way] = {}
    for way in others.ways:
        if way[1] == asked[1] or not (calibrated or way[1] is Precision.FLOAT32):
            continue
        # the same export, or the first that is open
        if way[1] not in by_type or way[0] == asked[0]:
            by_type[way[1]] = way
    types = sorted(by_type, key=PREFERRED.index)
    return [*same[:EXPORTS_TRIED], *(by_type[of] for of in types)]


def _works(request: Mapping[str, Any], arrays: Arrays, timeout_s: float, runs: Runs | None) -> bool:
    try:
        _, results = next(stream_worker(WORKER, request, arrays, timeout_s=timeout_s))
    except WorkerError:
        return False
    return runs is None or runs(results["tflite"].tobytes())


def _others(request: Mapping[str, Any], timeout_s: float) -> Others:
    try:
        answer, _ = next(stream_worker(WORKER, {**request, "other": True}, {}, timeout_s=timeout_s))
    except WorkerError:
        return Others()
    return Others(
        tuple((ExportKind(export), Precision(dtype)) for export, dtype in answer["ways"]),
        answer["activations"],
        tuple(answer["layers"]),
    )
