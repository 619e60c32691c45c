"""The layers of a `.keras` model: class, settings that the cell equations need, weights by name.

Request: `model` (path). Answer: `layers`, a list of `{"class", "name", "config"}`; arrays
`"layer/weight"` with the layer's position and the weight's Keras name (kernel, recurrent_kernel,
bias), for the halves of a Bidirectional `"layer/forward/weight"` and `"layer/backward/weight"`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from harness.models.worker import Arrays, serve

SETTINGS = (
    "units", "activation", "recurrent_activation", "reset_after", "use_bias", "return_sequences",
    "go_backwards", "stateful", "mask_value", "merge_mode",
)  # fmt: skip


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All layers in their order."""
    model = keras.models.load_model(request["model"], compile=False)
    described = []
    arrays: Arrays = {}
    for position, layer in enumerate(model.layers):
        described.append(_described(layer))
        if isinstance(layer, keras.layers.Bidirectional):
            halves = {"forward": layer.forward_layer, "backward": layer.backward_layer}
            for name, half in halves.items():
                arrays |= _weights(f"{position}/{name}", half)
        else:
            arrays |= _weights(str(position), layer)
    return {"layers": described}, arrays


def _described(layer: Any) -> dict[str, Any]:
    config = layer.get_config()
    found = {"class": type(layer).__name__, "name": layer.name, "config": _settings(config)}
    if isinstance(layer, keras.layers.Bidirectional):
        half = layer.forward_layer
        found["half"] = {"class": type(half).__name__, "config": _settings(half.get_config())}
    return found


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    plain = (str, int, float, bool)
    return {name: config[name] for name in SETTINGS if isinstance(config.get(name), plain)}


def _weights(prefix: str, layer: Any) -> Arrays:
    return {f"{prefix}/{weight.name}": np.asarray(weight) for weight in layer.weights}


if __name__ == "__main__":
    serve(main)
