"""Converts random networks and runs them in the desktop wheel, one after the other.

The journal gets a line before each stage and one at the end of each network, so that a crash can
be told from where the journal ends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from tflite_micro import runtime
from tflm_hil.models.convert.worker import convert
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.worker import Arrays, serve

from tests.support.random_recurrent import SEQUENCES, Layer, Network, draw

CALIBRATION = 24  # sequences
ARENA_BYTES = 8 << 20


def build(network: Network, random: np.random.Generator) -> Any:
    """The network in Keras; biases are random too, so that a lost one shows."""
    stack = [
        _recurrent(layer, network.sequences or layer is not network.layers[-1])
        for layer in network.layers
    ]
    if network.head:
        stack.append(layers.Dense(network.head))
    shape = (1, network.length, network.features)
    model = keras.Sequential([keras.Input(batch_shape=shape), *stack])
    weights = [
        array if array.ndim > 1 and array.shape[0] > 2 else random.normal(0, 0.3, array.shape)
        for array in model.get_weights()
    ]
    model.set_weights(weights)
    return model


def _recurrent(layer: Layer, sequences: bool) -> Any:
    options: dict[str, Any] = {"return_sequences": sequences, "use_bias": layer.bias}
    if layer.kind == "GRU":
        options["reset_after"] = layer.reset_after
    return getattr(layers, layer.kind)(layer.units, **options)


def run(content: bytes, blocks: list[NDArray[Any]], *, keep: bool) -> bytes:
    """The wheel's raw outputs of all sequences."""
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
    outputs = bytearray()
    for block in blocks:
        if not keep:
            interpreter.reset()
        interpreter.set_input(block, 0)
        interpreter.invoke()
        outputs += np.ascontiguousarray(interpreter.get_output(0)).tobytes()
    return bytes(outputs)


def make(number: int, directory: Path, journal: Any) -> None:
    """One network: files NUMBER.tflite, .in, .out and .kept."""
    network = draw(number)
    random = np.random.default_rng([1, number])
    keras.utils.set_random_seed(number)

    def note(**fields: object) -> None:
        print(json.dumps({"number": number, **fields}), file=journal, flush=True)

    stage = "conversion"
    note(stage=stage)
    try:
        path = directory / f"{number}.keras"
        build(network, random).save(path)
        shape = (CALIBRATION, network.length, network.features)
        calibration = random.normal(0, 1, shape).astype(np.float32)
        request = {
            "model": str(path),
            "export": network.export,
            "dtype": network.dtype,
            "custom": "",
        }
        _, arrays = convert(request, {"calibration/inputs": calibration})
        content = arrays["tflite"].tobytes()
        (directory / f"{number}.tflite").write_bytes(content)
        stage = "wheel"
        note(stage=stage)
        tensor = inspect(content).inputs[0]
        samples = random.normal(0, 1, (SEQUENCES, 1, *shape[1:])).astype(np.float32)
        blocks = [Quantization.of(tensor).quantize(sample) for sample in samples]
        outputs, kept = (run(content, blocks, keep=keep) for keep in (False, True))
        (directory / f"{number}.out").write_bytes(outputs)
        (directory / f"{number}.kept").write_bytes(kept)
        (directory / f"{number}.in").write_bytes(b"".join(block.tobytes() for block in blocks))
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        note(failure=f"{stage}: {type(error).__name__}: {words}")
        return
    note(failure="")


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All networks of a request."""
    with Path(request["journal"]).open("w", encoding="utf-8") as journal:
        for number in request["numbers"]:
            make(number, Path(request["directory"]), journal)
            keras.backend.clear_session()
    return {}, {}


if __name__ == "__main__":
    serve(main)
