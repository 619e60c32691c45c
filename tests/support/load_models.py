"""What the harness's loader makes of many model files, by one worker.

    python -m tests.support.load_models: request {"files": [...]}; arrays `FILE.x`, the inputs

`custom` in the request names the file of their classes, `customs` one for each.

Answers for every file a `refusal` (sentence and remedy), or the outputs as the array `FILE.y`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tflm_hil.models.convert.custom_classes import known
from tflm_hil.models.convert.loading import load
from tflm_hil.worker import Arrays, serve


def answers(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Load each file, and run it where there is an input for it."""
    refusals: dict[str, Any] = {}
    results: Arrays = {}
    customs = request.get("customs") or [request.get("custom")] * len(request["files"])
    for name, custom in zip(request["files"], customs, strict=True):
        path = Path(name)
        try:
            with known(Path(custom) if custom else None):
                model = load(path)
                if f"{path.name}.x" in arrays:
                    outputs = model(arrays[f"{path.name}.x"], training=False)
                    parts = [np.ravel(item) for item in tf.nest.flatten(outputs)]
                    results[f"{path.name}.y"] = np.concatenate(parts)
        except Exception as error:
            kind = type(error).__name__
            refusals[path.name] = [kind, getattr(error, "what", str(error)),
                                   getattr(error, "remedy", "")]  # fmt: skip
    return {"refusals": refusals}, results


if __name__ == "__main__":
    serve(answers)
