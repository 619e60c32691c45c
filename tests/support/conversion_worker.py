"""Converts the models of many jobs and runs them in the desktop wheel; see `conversions`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tflite_micro import runtime
from tflm_hil.models.convert.exports import outputs_of
from tflm_hil.models.convert.exports.inputs import Inputs, by_name, call, each, inputs_of
from tflm_hil.models.convert.worker import convert
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.worker import Answer, Arrays, serve_stream

from tests.support import own_layers
from tests.support.model_kinds import KINDS
from tests.support.random_graphs import build

TRIED = 6  # sequences
ARENA_BYTES = 8 << 20


def work(request: dict[str, Any], _: Arrays) -> Iterator[Answer]:
    """An answer for every job."""
    for source, name, export, dtype in request["jobs"]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model, samples = KINDS[name]() if source == "kinds" else build(int(name), export)
        parts = " ".join(type(layer).__name__ for layer in model._flatten_layers())
        try:
            answer = one(model, by_name(model, samples), export, dtype)
        except Exception as error:
            answer = {"kind": type(error).__name__, "message": str(error)}
        yield answer | {"parts": parts}, {}


def one(model: Any, samples: Inputs, export: str, dtype: str) -> dict[str, Any]:
    """Convert, run, compare."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.keras"
        model.save(path)
        request = {
            "model": str(path), "custom": own_layers.__file__, "export": export, "dtype": dtype,
        }  # fmt: skip
        given = samples if len(samples) > 1 else next(iter(samples.values()))
        _, arrays = convert(request, arrays_of(given))
    content = arrays["tflite"].tobytes()
    tried = {key: array[:TRIED] for key, array in samples.items()}
    wanted = [outputs_of(call(model, row, training=False)) for row in each(tried)]
    found = Device(content, model).run(tried)
    errors = []
    for theirs, ours in zip(zip(*wanted, strict=True), zip(*found, strict=True), strict=True):
        right = np.concatenate(theirs)
        size = max(float(np.ptp(right)), float(np.max(np.abs(right))), 1e-3)
        got = np.stack([_last(one, right[0].size) for one in ours])
        errors.append(float(np.max(np.abs(got.reshape(right.shape) - right))) / size)
    return {"error": max(errors), "size_bytes": len(content)}


def arrays_of(samples: Any) -> Any:
    """Samples as the arrays of a request."""
    return {"calibration": samples}


def _last(steps: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Outputs of all steps, or of the last one where Keras gives only that."""
    return steps if steps.size == size else steps[-1]


class Device:
    """The desktop wheel with a model, driven as a board is."""

    def __init__(self, content: bytes, model: Any) -> None:
        self._content = content
        self._inspection = inspect(content)
        signature = self._inspection.signatures[0].inputs if self._inspection.signatures else {}
        taken = inputs_of(model)
        order = [tensor.index for tensor in self._inspection.inputs]
        self._pairs = state_pairs(self._inspection)
        states = {pair.input for pair in self._pairs}
        if len(taken) == 1:
            (place,) = set(range(len(order))) - states
            self._places = {taken[0].name: place}
        else:
            self._places = {item.name: order.index(signature[item.key]) for item in taken}

    def run(self, samples: Inputs) -> list[list[NDArray[np.float64]]]:
        """Outputs of every sequence `[steps, ...]`, states excluded."""
        return [self._sequence(row) for row in each(samples)]

    def _sequence(self, row: Inputs) -> list[NDArray[np.float64]]:
        interpreter = runtime.Interpreter.from_bytes(self._content, arena_size=ARENA_BYTES)
        tensors = self._inspection.inputs
        sizes = {name: int(np.prod(tensors[place].shape)) for name, place in self._places.items()}
        calls = max(array.size // sizes[name] for name, array in row.items())
        held = {pair.input: pair.initial() for pair in self._pairs}
        fed_back = {pair.output for pair in self._pairs}
        outputs: list[list[NDArray[np.float64]]] = []
        for number in range(calls):
            for name, place in self._places.items():
                tensor, flat = tensors[place], row[name].reshape(-1)
                start = number * sizes[name] if flat.size > sizes[name] else 0
                block = flat[start : start + sizes[name]].reshape(tensor.shape)
                interpreter.set_input(_stored(tensor, block), place)
            for place, state in held.items():
                interpreter.set_input(state, place)
            interpreter.invoke()
            for pair in self._pairs:
                held[pair.input] = pair.feed_back(interpreter.get_output(pair.output))
            outputs.append([
                Quantization.of(tensor).dequantize(interpreter.get_output(place))[0].astype(float)
                for place, tensor in enumerate(self._inspection.outputs)
                if place not in fed_back
            ])  # fmt: skip
        return [np.stack(steps) for steps in zip(*outputs, strict=True)]


def _stored(tensor: Any, block: NDArray[Any]) -> NDArray[Any]:
    quantization = Quantization.of(tensor)
    if quantization.scale:
        return quantization.quantize(block.astype(np.float32))
    return np.ascontiguousarray(block, np.dtype(tensor.type))


if __name__ == "__main__":
    serve_stream(work)
