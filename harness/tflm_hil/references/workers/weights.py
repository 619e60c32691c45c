"""Descriptions of `.keras` models, layers with settings and weights, by a worker that has Keras.

Request: `models`, a list of `model` (path) and `custom` (path or "": classes of the user's own).
Answer: `models`, one of each: `description` (see `equations.description.stored`), or what stands in
the way as `not_expressible` (see `NotExpressible.stored`), each with `equations`, the names that
the user's file has an equation of; or `error` (`kind`, `message`), if Keras cannot load it. Arrays
are those of the descriptions, behind the number of the model and a colon.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from tflm_hil.models.convert.custom_classes import known
from tflm_hil.models.convert.loading import load
from tflm_hil.references.equations.description import stored
from tflm_hil.references.equations.obstacles import NotExpressible
from tflm_hil.references.equations.read_keras import read_keras
from tflm_hil.worker import Arrays, serve


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All models of a request; one that cannot be read does not stop the others."""
    answers: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for number, item in enumerate(request["models"]):
        try:
            with known(Path(item["custom"]) if item["custom"] else None) as module:
                answer, own = read(load(Path(item["model"])), module)
        except Exception as error:
            answers.append({"error": {"kind": type(error).__name__, "message": str(error)}})
            continue
        answers.append(answer)
        arrays |= {f"{number}:{name}": array for name, array in own.items()}
    return {"models": answers}, arrays


def read(model: Any, custom: ModuleType | None) -> tuple[dict[str, Any], Arrays]:
    """What is stored of a loaded model."""
    answer: dict[str, Any] = {"equations": sorted(getattr(custom, "EQUATIONS", {}))}
    try:
        description, arrays = stored(read_keras(model))
    except NotExpressible as reason:
        return {**answer, "not_expressible": reason.stored()}, {}
    return {**answer, "description": description}, arrays


if __name__ == "__main__":
    serve(main)
