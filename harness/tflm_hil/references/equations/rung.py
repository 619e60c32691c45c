"""The cells rung: a Keras model's weights by name, run by our own equations.

Runs in the worker of the Keras rung, which loads the model anyway. A model that the equations do
not cover has no such rung; the circumstances say what stands in the way: a sentence (`ABSENT`), the
`Obstacle` and the layer.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.references.equations.build import build
from tflm_hil.references.equations.obstacles import NotExpressible, words
from tflm_hil.references.equations.read_keras import read_keras
from tflm_hil.references.serving import Result

ABSENT = "absent"


def run(model: Any, inputs: NDArray[Any], custom: ModuleType | None, *, calls: int = 1) -> Result:
    """The output of a loaded model, rounded to float32; none if it is not expressible.

    In `calls` calls a sequence is given to a stateful model, its memory kept between them; the
    outputs then are `[N, calls, ...]`.
    """
    try:
        network = build(read_keras(model), getattr(custom, "EQUATIONS", {}))
        values, _ = network.run(inputs, calls=calls)
    except NotExpressible as reason:
        return (), {ABSENT: words(reason), **reason.stored()}
    stored = values.astype(np.float32)
    return (RungOutputs(stored, 0.0, 0, stored.ndim > 2),), {"dtype": "float64"}
