"""Ways to bring a Keras model into TFLite, one module each.

An export module runs in a conversion worker (it imports TensorFlow) and offers

    def converter(model_path: Path) -> Export

`Export.converter` is ready but for quantisation; `Export.probe` runs what will be converted, so
that the worker can assert that it still equals the Keras model before it converts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Export:
    """A `tf.lite.TFLiteConverter` and the function that it will convert."""

    converter: Any
    probe: Callable[[NDArray[np.float32]], NDArray[np.float32]]
