"""RepeatVector as a broadcast: Keras makes a TILE of it, which TFLM does not have."""

from __future__ import annotations

from typing import Any

import keras

PACKAGE = "tflm_hil"


@keras.saving.register_keras_serializable(package=PACKAGE)
class RepeatVector(keras.layers.RepeatVector):  # type: ignore[misc]
    """`[1, U]` → `[1, n, U]`, for a batch of 1."""

    def call(self, inputs: Any) -> Any:
        """The vector `n` times."""
        return keras.ops.broadcast_to(inputs[:, None], (1, self.n, inputs.shape[-1]))
