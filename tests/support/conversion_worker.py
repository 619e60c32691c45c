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
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.convert import judged
from tflm_hil.models.convert.exports import call, outputs_of, rows
from tflm_hil.models.convert.exports.inputs import each
from tflm_hil.models.convert.exports.rebuild import forget, load
from tflm_hil.models.convert.samples import Sequences, bind, inputs_of, take
from tflm_hil.models.convert.worker import convert_and_compare
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.layout import bound_inputs
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import Answer, Arrays, serve_stream

from tests.support import masked_kinds, own_layers
from tests.support.conversions import TRIED
from tests.support.model_kinds import KINDS, Samples
from tests.support.random_graphs import build

assert masked_kinds.__name__  # imported for the kinds that it enters
ARENA_BYTES = 8 << 20


def work(request: dict[str, Any], _: Arrays) -> Iterator[Answer]:
    """An answer for every job."""
    for source, name, export, dtype in request["jobs"]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model, samples = KINDS[name]() if source == "kinds" else build(int(name), export)
        parts = " ".join(type(layer).__name__ for layer in model._flatten_layers())
        try:
            answer = one(model, samples, export, dtype)
        except Exception as error:
            answer = {
                "kind": type(error).__name__,
                "message": str(error),
                "details": getattr(error, "details", {}),
            }
        yield answer | {"parts": parts}, {}


def one(model: Any, given: Samples, export: str, dtype: str) -> dict[str, Any]:
    """Convert, run, compare."""
    arrays = given if isinstance(given, dict) else {"inputs": given}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.keras"
        model.save(path)
        model = load(str(path))
        samples = bind(arrays, inputs_of(model), calibration=True)
        request = {
            "model": str(path), "custom": own_layers.__file__, "export": export, "dtype": dtype,
        }  # fmt: skip
        named = {f"{kind}/{key}": array for kind in ("calibration", "samples")
                 for key, array in arrays.items()}  # fmt: skip
        answers = list(convert_and_compare(request, named))
    content = answers[0][1]["tflite"].tobytes()
    refused: list[str] = []
    try:
        done = judged(answers, "model.keras", ExportKind(export), Precision(dtype))
    except ConversionError as error:  # as the command does
        refused = [error.what, error.remedy]
    tried = take(samples, slice(TRIED))
    wanted = []
    for row in rows(tried):
        forget(model)
        wanted.append(outputs_of(call(model, row)))
    try:
        found = Device(content, model).run(tried)
    except RuntimeError as error:  # TFLM's own words go to the log
        operators = " ".join(inspect(content).operator_counts)
        return {"unrunnable": f"{error}, of {operators}"}
    errors = []
    for theirs, ours in zip(zip(*wanted, strict=True), zip(*found, strict=True), strict=True):
        right = np.concatenate(theirs)
        size = max(float(np.ptp(right)), float(np.max(np.abs(right))), 1e-3)
        got = np.stack([_last(one, right[0].size) for one in ours])
        errors.append(float(np.max(np.abs(got.reshape(right.shape) - right))) / size)
    if refused:
        return {"refused": refused, "error": max(errors), "size_bytes": len(content)}
    return {
        "error": max(errors),
        "size_bytes": len(content),
        "fidelity": done.comparison.fidelity,
        "input_types": [tensor.type for tensor in inspect(content).inputs],
    }


def _last(steps: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Outputs of all steps, or of the last one where Keras gives only that."""
    return steps if steps.size == size else steps[-1]


class Device:
    """The desktop wheel with a model, driven as a board is."""

    def __init__(self, content: bytes, model: Any) -> None:
        self._content = content
        self._inspection = inspect(content)
        self._pairs = state_pairs(self._inspection)
        inputs = inputs_of(model)
        tensors = bound_inputs(self._inspection, [item.names for item in inputs])
        names = [tensor.name for tensor in self._inspection.inputs]
        self._places = {
            item.name: names.index(tensor.name)
            for item, tensor in zip(inputs, tensors, strict=True)
        }

    def run(self, samples: Sequences) -> list[list[NDArray[np.float64]]]:
        """Outputs of every sequence `[steps, ...]`, states excluded."""
        return [self._sequence(row) for row in each(samples)]

    def _sequence(self, row: Sequences) -> list[NDArray[np.float64]]:
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
