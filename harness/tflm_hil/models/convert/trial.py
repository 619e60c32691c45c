"""Which ways are open for a model, found out by trying, and told with a refusal.

    check(model, path, "step", "int8")
    with building(model, path, "step", "int8"):
        ...                     # build one export

Either raises `NotConvertedError`: what is in the way, as obstacles, and the ways that are open. Of
those that no rule blocks, each export is built as for a conversion, so that what is recommended has
no refusal of its own. Imports TensorFlow: for workers only.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tflm_hil.models.convert.exports.layer_facts import layers_in
from tflm_hil.models.convert.exports.rebuild import rebuild
from tflm_hil.models.convert.model_files import first_sentence
from tflm_hil.models.convert.obstacles import (
    Change,
    Obstacle,
    ObstacleKind,
    Way,
    obstacles,
    open_ways,
    plan,
)
from tflm_hil.vocabulary import ExportKind, Precision

# Exports that make masks of their own, and make them otherwise for integers.
MASKING = (ExportKind.SHIFT, ExportKind.STEP)

# Nobody is sent to an export that writes out more steps than that.
UNROLLED_STEPS = 200


class NotConvertedError(ValueError):
    """A way is blocked. `details` holds the `obstacles` in it, the `ways` that are open, and the
    `change` of the model that opens one, as JSON values (`obstacles.plan`).
    """

    def __init__(
        self, blocking: Sequence[Obstacle], ways: Sequence[Way], change: Change | None
    ) -> None:
        self.details = {
            "obstacles": [obstacle.record for obstacle in blocking],
            "ways": [list(way) for way in ways],
            "change": None if change is None else change.record,
        }
        super().__init__("; ".join(obstacle.said or obstacle.kind for obstacle in blocking))


def check(model: Any, path: Path, export: str, dtype: str) -> None:
    """Raise `NotConvertedError` if a rule blocks this way."""
    way = (ExportKind(export), Precision(dtype))
    found = obstacles(layers_in(model))
    blocking = [obstacle for obstacle in found if way in obstacle.blocks]
    if blocking:
        raise NotConvertedError(blocking, *_plan(model, path, way, found))


@contextmanager
def building(model: Any, path: Path, export: str, dtype: str) -> Iterator[None]:
    """What the export itself refuses, or fails with, is a `NotConvertedError`."""
    try:
        yield
    except Exception as error:  # the model's layers run in there
        way = (ExportKind(export), Precision(dtype))
        fails = frozenset((way[0], of) for of in Precision if _form(of) == _form(way[1]))
        said = getattr(error, "what", "") or first_sentence(error)
        structure = Obstacle(ObstacleKind.STRUCTURE, (), fails, said, getattr(error, "fix", ""))
        found = [*obstacles(layers_in(model)), structure]
        raise NotConvertedError([structure], *_plan(model, path, way, found)) from error


def other_ways(model: Any, path: Path, export: str, dtype: str) -> tuple[Way, ...]:
    """The ways that are open beside this one, which has failed: those in its type first."""
    asked = (ExportKind(export), Precision(dtype))
    open_ones = [way for way in free_ways(model) if way != asked]
    open_ones.sort(key=lambda way: way[1] != asked[1])
    return tuple(way for way in open_ones if _builds(model, path, way[0], _form(way[1])))


def free_ways(model: Any) -> tuple[Way, ...]:
    """The ways that no rule blocks; whether they can be built is another question."""
    return open_ways(obstacles(layers_in(model)))


def _plan(
    model: Any, path: Path, way: Way, found: Sequence[Obstacle]
) -> tuple[tuple[Way, ...], Change | None]:
    return plan(found, way, lambda item: _builds(model, path, item[0], _form(item[1])))


def options(export: str, dtype: str) -> dict[str, bool]:
    """What the converter of an export is called with: a loop of ours makes masks, and makes them
    otherwise for integers.
    """
    return {"exact": _form(dtype)} if export in MASKING else {}


def _form(dtype: str) -> bool:
    """Whether a type has exact masks: in all others an export has one form."""
    return dtype == Precision.FLOAT32


@cache
def _builds(model: Any, path: Path, export: ExportKind, exact: bool) -> bool:
    try:
        if export in (ExportKind.LOOP, ExportKind.UNROLLED):
            if export is ExportKind.UNROLLED and _steps(model) > UNROLLED_STEPS:
                return False
            rebuild(model, unroll=export is ExportKind.UNROLLED)
        else:
            module = importlib.import_module(f"tflm_hil.models.convert.exports.{export}")
            form = {"exact": exact} if export in MASKING else {}
            module.converter(path, **form)
    except Exception:  # whatever stands in its way
        return False
    return True


def _steps(model: Any) -> int:
    """The longest sequence that the model takes."""
    lengths = [tensor.shape[1] for tensor in model.inputs if len(tensor.shape) > 1]
    return max((length or math.inf for length in lengths), default=0)  # type: ignore[return-value]
