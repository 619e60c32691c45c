"""A user's arrays brought to a model's inputs, or refused with what was expected and found.

An array holds `[N, …]`: N sequences of one Invoke each (the input's shape, batch axis or not), or
of several (`[N, T, …]`, one step of a single-step model after the other). Axes of length 1 count
for nothing, and a flat row is taken for a picture and the other way about; anything else that
happens to have the right number of elements is refused, since it would be the wrong order.

Numbers are what they mean: they are quantised on the way to a quantised input. Only an array that
has already the very integer type of a quantised input is taken for stored elements.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConfigurationError, UnsupportedModel
from tflm_hil.models.tflite.layout import InputTensor

# What desktop TFLM, the link and the engines can all be given.
FED = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
EXACT_FLOAT32 = 1 << 24  # beyond it float32 does not hold every integer
EXACT_FLOAT64 = 1 << 53


def check_type(tensor: InputTensor, model: str) -> None:
    """Raises UnsupportedModel for an input that nothing can be fed to."""
    if tensor.quantization.dtype not in FED:
        raise UnsupportedModel(
            f"{model}: input {tensor.name} is of type {tensor.quantization.dtype}; tested can be"
            f" models whose inputs are {', '.join(FED)}",
            remedy="convert the model with another inference_input_type, or cut the operators off"
            " that take this type",
        )


def fit(array: NDArray[Any], tensor: InputTensor, where: str) -> NDArray[Any]:
    """`[N, steps, *tensor.shape]` as numbers (float32, or float64 for very large integers).

    Raises ConfigurationError that begins with `where` ("samples.npz: 'inputs'").
    """
    if array.dtype.kind not in "biuf":
        raise ConfigurationError(
            f"{where} is of type {array.dtype}, not numbers", remedy="write numbers"
        )
    if array.ndim == 0 or len(array) == 0 or array[0].size == 0:
        raise ConfigurationError(
            f"{where} has shape {array.shape}: it holds no sequence",
            remedy=f"give {expected(tensor)}",
        )
    steps = steps_of(array.shape[1:], tensor.shape)
    if steps is None:
        raise ConfigurationError(
            f"{where} has shape {_text(array.shape)}; input {tensor.name} expects"
            f" {expected(tensor)}",
            remedy="bring the samples into that shape; the first axis counts the sequences",
        )
    numbers = _numbers(array, tensor, where)
    return numbers.reshape(len(array), steps, *tensor.shape)


def steps_of(sequence: tuple[int, ...], shape: tuple[int, ...]) -> int | None:
    """How many Invokes of an input of `shape` a `sequence` has; None if it does not fit."""
    given, wanted = _core(sequence), _core(shape)
    if given == wanted or _is_reshaped(given, wanted):
        return 1
    if given[1:] == wanted:
        return given[0]
    if len(given) > 1 and _is_reshaped(given[1:], wanted):
        return given[0]
    return None


def expected(tensor: InputTensor) -> str:
    """The shapes that `fit` takes, in words."""
    inner = tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape
    size = "".join(f", {length}" for length in inner)
    return f"[N{size}], or [N, T{size}] for T steps"


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _is_reshaped(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether one of the two is the other as one row."""
    same = np.prod(given, dtype=int) == np.prod(wanted, dtype=int)
    return bool(same) and (len(given) == 1 or len(wanted) == 1)


def _numbers(array: NDArray[Any], tensor: InputTensor, where: str) -> NDArray[Any]:
    quantization = tensor.quantization
    if quantization.quantised:
        if array.dtype == np.dtype(quantization.dtype):
            return quantization.dequantize(array)
        return _finite(array.astype(np.float32), where)
    if quantization.dtype == "float32":
        return _finite(array.astype(np.float32), where)
    return _integers(array, tensor, where)


def _finite(numbers: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    if not np.all(np.isfinite(numbers)):
        raise ConfigurationError(
            f"{where} contains NaN or infinity",
            remedy="clean the data; no rung can be compared on such input",
        )
    return numbers


def _integers(array: NDArray[Any], tensor: InputTensor, where: str) -> NDArray[Any]:
    """For an input that counts or masks: whole numbers within its type."""
    name = tensor.quantization.dtype
    low, high = (0, 1) if name == "bool" else (np.iinfo(name).min, np.iinfo(name).max)
    low, high = max(low, -EXACT_FLOAT64), min(high, EXACT_FLOAT64)
    if array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        raise ConfigurationError(
            f"{where} holds numbers that are not whole; input {tensor.name} is {name}",
            remedy="give the integers (token ids, a mask) that the model was trained on",
        )
    if array.min() < low or array.max() > high:
        raise ConfigurationError(
            f"{where} goes from {array.min()} to {array.max()}; input {tensor.name} is {name} and"
            f" takes {low} to {high}",
            remedy="correct the samples",
        )
    large = max(abs(int(array.min())), abs(int(array.max()))) > EXACT_FLOAT32
    return array.astype(np.float64 if large else np.float32)


def _text(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"
