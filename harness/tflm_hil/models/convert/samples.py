"""What a model is calibrated with and compared on: an array for each of its Keras inputs.

    {"ids": array [N, T] of int32, "features": array [N, T, F] of float32}

By the names of the input layers, in their order, and each in the input's own type: integers stay
integers, from the user's file to the interpreter. No framework is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConfigurationError, ConversionError
from tflm_hil.models.sample_arrays import (
    CALIBRATION_KEYS,
    INPUT_KEYS,
    LABEL_KEYS,
    NUMBERS,
    OTHER_KEYS,
    choose_keys,
)

Sequences = Mapping[str, NDArray[Any]]
"""By the name of the Keras input: `[N, ...]` in the input's own type, N the same for all."""


class SamplesError(ValueError):
    """Samples that do not fit the model; the message is `what` and a remedy, a line each."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n{remedy}")


@dataclass(frozen=True)
class KerasInput:
    """An input of a Keras model: the name of its layer first, its shape without the batch, and
    NumPy's name of its type.
    """

    names: tuple[str, ...]
    shape: tuple[int | None, ...]
    dtype: str

    @property
    def name(self) -> str:
        """The one under which its array travels."""
        return self.names[0]


def inputs_of(model: Any) -> tuple[KerasInput, ...]:
    """The inputs of a Keras model in its order."""
    structure = getattr(model, "_inputs_struct", None)
    keys = sorted(structure) if isinstance(structure, dict) else []
    found = []
    for number, tensor in enumerate(model.inputs):
        history = getattr(tensor, "_keras_history", None)
        layer = getattr(history, "operation", None) or getattr(history, "layer", None)
        key = keys[number] if len(keys) == len(model.inputs) else ""
        names = (getattr(layer, "name", ""), tensor.name, key)
        dtype = tensor.dtype if isinstance(tensor.dtype, str) else tensor.dtype.name
        found.append(
            KerasInput(
                tuple(dict.fromkeys(str(name) for name in names if name)),
                tuple(None if size is None else int(size) for size in tensor.shape[1:]),
                "float32" if dtype in ("float16", "bfloat16", "float64") else dtype,
            )
        )
    return tuple(found)


def bind(
    arrays: Mapping[str, NDArray[Any]],
    inputs: Sequence[KerasInput],
    *,
    calibration: bool,
    several_windows: bool = False,
) -> dict[str, NDArray[Any]]:
    """The array of each input, in its type and shape, out of what the user has.

    With `calibration` arrays of the training are preferred to test inputs, else the other way.
    `several_windows`: a sequence may hold several of the model's windows one behind the other, as
    a stateful model takes them. Raises SamplesError.
    """
    keys = _keys(arrays, inputs, calibration=calibration)
    bound = {
        item.name: _fitting(arrays[key], item, key, several_windows=several_windows)
        for item, key in zip(inputs, keys, strict=True)
    }
    counts = {key: len(array) for key, array in zip(keys, bound.values(), strict=True)}
    if len(set(counts.values())) > 1:
        raise SamplesError(
            "the arrays hold different numbers of sequences: "
            + ", ".join(f"{key} {count}" for key, count in counts.items()),
            "give every input the same sequences in the same order",
        )
    if several_windows and len(inputs) > 1:
        _same_windows(bound, inputs)
    return bound


def check_numbers(array: NDArray[Any], name: str) -> None:
    """Raise SamplesError unless `array` holds sequences of finite numbers."""
    if array.dtype.kind not in NUMBERS:
        raise SamplesError(f"{name} is of type {array.dtype}, not numbers", "write numbers")
    if array.ndim == 0 or array.size == 0:
        raise SamplesError(
            f"{name} has shape {array.shape} and holds no sequence",
            "give an array [N, ...] of real inputs, N at least 1",
        )
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        row, *place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise SamplesError(
            f"{name} contains NaN or infinity, first in sequence {row} at {tuple(place)}",
            "clean the data; one such value ruins every scale",
        )


def check_ranges(sequences: Sequences) -> None:
    """Raise SamplesError where an integer scale cannot be made: an input that never changes."""
    for name, array in sequences.items():
        if array.dtype.kind == "f" and array.min() == array.max():
            raise SamplesError(
                f"{name} is {array.flat[0]:g} everywhere",
                "give real inputs: a scale is made from their range",
            )


def checked(arrays: Sequences, *, scaled: bool) -> None:
    """What can be said without the model, before TensorFlow is started. `scaled`: integer scales
    are made from the arrays. Raises ConversionError.
    """
    try:
        for name, array in arrays.items():
            check_numbers(np.asarray(array), name)
        if scaled:
            check_ranges(arrays)
    except SamplesError as error:
        what, remedy = str(error).split("\n", 1)
        raise ConversionError(f"the samples do not serve: {what}", remedy=remedy) from None


def random_sequences(
    inputs: Sequence[KerasInput], count: int, rows: Mapping[str, int] | None = None
) -> dict[str, NDArray[Any]]:
    """`count` sequences where nobody gave any: floats of ±1, truth values and integers 0 or 1, and
    of an input that is looked up in a table of so many `rows` any of them. Open axes have length 1.
    """
    random = np.random.default_rng(0)
    made: dict[str, NDArray[Any]] = {}
    for item in inputs:
        shape = (count, *(size or 1 for size in item.shape))
        tables = [(rows or {}).get(name, 0) for name in item.names]
        numbers: NDArray[Any]
        if any(tables):
            numbers = random.integers(0, max(tables), shape)
        elif np.dtype(item.dtype).kind != "f":
            numbers = random.integers(0, 2, shape)
        else:
            numbers = random.uniform(-1.0, 1.0, shape)
        made[item.name] = numbers.astype(item.dtype)
    return made


def take(sequences: Sequences, rows: slice | NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Some of the sequences, of every input the same."""
    return {name: array[rows] for name, array in sequences.items()}


def count_of(sequences: Sequences) -> int:
    """How many sequences there are."""
    return len(next(iter(sequences.values())))


def _keys(
    arrays: Mapping[str, NDArray[Any]], inputs: Sequence[KerasInput], *, calibration: bool
) -> tuple[str, ...]:
    if not inputs:
        raise SamplesError("the model has no inputs", "give a model that takes some")
    if len(inputs) == 1 and calibration:
        for key in CALIBRATION_KEYS:
            if key in arrays:
                return (key,)
    names = [item.names for item in inputs]
    numbers = tuple(arrays)
    usual: tuple[str, ...] = (*INPUT_KEYS, *CALIBRATION_KEYS)
    others = (*LABEL_KEYS, *(key for key in OTHER_KEYS if key not in CALIBRATION_KEYS))
    try:
        return choose_keys(numbers, names, "the samples", usual=usual, others=others)
    except ConfigurationError as error:
        raise SamplesError(error.what[0].upper() + error.what[1:], error.remedy) from None


def _fitting(
    array: NDArray[Any], item: KerasInput, key: str, *, several_windows: bool
) -> NDArray[Any]:
    check_numbers(array, key)
    return _typed(_shaped(array, item, key, several_windows=several_windows), item, key)


def _shaped(
    array: NDArray[Any], item: KerasInput, key: str, *, several_windows: bool
) -> NDArray[Any]:
    """`[N, *shape]`; axes of length 1 count for nothing."""
    actual, wanted = array.shape[1:], item.shape
    inside = actual
    if several_windows and len(actual) == len(wanted) and wanted and wanted[0]:
        inside = actual if actual[0] % wanted[0] else (wanted[0], *actual[1:])
    if len(inside) == len(wanted) and all(
        size in (None, given) for size, given in zip(wanted, inside, strict=True)
    ):
        return array
    fixed = tuple(size for size in wanted if size is not None)
    if len(fixed) == len(wanted) and _core(actual) == _core(fixed):
        return array.reshape(len(array), *fixed)
    raise SamplesError(
        f"the sequences of {key} have shape {_text(actual)}, the model's input {item.name} takes"
        f" {_text(wanted)}",
        f"give an array {_text(('N', *wanted))}; the first axis counts the sequences",
    )


def _typed(array: NDArray[Any], item: KerasInput, key: str) -> NDArray[Any]:
    wanted = np.dtype(item.dtype) if item.dtype != "string" else np.dtype("U")
    if wanted.kind == "f":
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(array, wanted)
        if not np.all(np.isfinite(numbers)):
            raise SamplesError(f"{key} holds numbers that {wanted} cannot", "scale the data")
        return numbers
    if wanted.kind not in "iub":
        raise SamplesError(
            f"the model's input {item.name} is of type {item.dtype}, which no runtime on a"
            " microcontroller takes",
            "turn text into token ids before the model",
        )
    if array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        raise SamplesError(
            f"{key} holds numbers that are not whole; the model's input {item.name} is {wanted}",
            "give the integers (token ids, a mask) that the model was trained on",
        )
    low, high = (0, 1) if wanted.kind == "b" else (np.iinfo(wanted).min, np.iinfo(wanted).max)
    if array.min() < low or array.max() > high:
        raise SamplesError(
            f"{key} goes from {array.min()} to {array.max()}; the model's input {item.name} is"
            f" {wanted} and takes {low} to {high}",
            "correct the samples",
        )
    return np.ascontiguousarray(array, wanted)


def _same_windows(bound: Sequences, inputs: Sequence[KerasInput]) -> None:
    windows = {
        item.name: bound[item.name].shape[1] // item.shape[0]
        for item in inputs
        if item.shape and item.shape[0]
    }
    if len(set(windows.values())) > 1:
        raise SamplesError(
            "the inputs have different numbers of windows a sequence: "
            + ", ".join(f"{name} {count}" for name, count in windows.items()),
            "give every input the same steps",
        )


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _text(shape: Sequence[object]) -> str:
    return "[" + ", ".join("T" if size is None else str(size) for size in shape) + "]"
