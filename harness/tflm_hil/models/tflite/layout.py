"""The inputs of one Invoke, one behind the other: what a sequence's numbers mean to a model.

A model may have several inputs that are fed from outside (states of a single-step model are not).
Samples come as one array nevertheless: for one input in whatever shape they have, for several
*packed*, `[N, steps, elements of all inputs]`, in the order of the interpreter's indices. That is
also the order in which STEP and SEQUENCE take the raw bytes, so one `Layout` serves the desktop
interpreters and the device, and both get the very same bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import state_pairs


class Described(Protocol):
    """A tensor's description; `Tensor` of a flatbuffer and `TensorInfo` of the link fit."""

    @property
    def name(self) -> str:
        """As the model calls it."""

    @property
    def type(self) -> str:
        """The numpy name of its type."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its whole shape, the batch first."""

    @property
    def scale(self) -> float:
        """Of the quantisation; 0.0 if there is none."""

    @property
    def zero_point(self) -> int:
        """Of the quantisation."""


@dataclass(frozen=True)
class InputTensor:
    """One input: `shape` with its batch axis, as the interpreter has it."""

    name: str
    shape: tuple[int, ...]
    quantization: Quantization

    @property
    def size(self) -> int:
        """Elements of one Invoke."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """All inputs that are fed from outside, in the order of the interpreter's indices."""

    tensors: tuple[InputTensor, ...]

    @staticmethod
    def of(tensors: Iterable[Described]) -> Layout:
        """Of descriptions, the inputs of a loaded model among them."""
        return Layout(
            tuple(InputTensor(item.name, item.shape, Quantization.of(item)) for item in tensors)
        )

    @property
    def size(self) -> int:
        """Elements of one Invoke, over all inputs."""
        return sum(tensor.size for tensor in self.tensors)

    def numbers(self, inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Per input its part `[N, steps, elements]` of `inputs` `[N, ...]`, not yet quantised.

        Raises ValueError if a sequence is not a whole number of Invokes.
        """
        sequence = inputs[0]
        if self.size == 0 or sequence.size % self.size:
            shapes = " and ".join(str(tensor.shape) for tensor in self.tensors)
            raise ValueError(
                f"a sequence of shape {sequence.shape} is not a multiple of input {shapes}"
            )
        steps = sequence.size // self.size
        packed = inputs.reshape(len(inputs), steps, self.size)
        parts = []
        start = 0
        for tensor in self.tensors:
            parts.append(packed[:, :, start : start + tensor.size])
            start += tensor.size
        return parts

    def stored(self, inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Per input `[N, steps, *shape]` in its stored type. Raises ValueError as `numbers`."""
        return [
            tensor.quantization.quantize(part).reshape(*part.shape[:2], *tensor.shape)
            for tensor, part in zip(self.tensors, self.numbers(inputs), strict=True)
        ]

    def to_bytes(self, inputs: NDArray[Any]) -> list[bytes]:
        """Each sequence as the device reads it: step by step the bytes of all inputs."""
        if len(self.tensors) == 1:  # any length: the link says what does not fit
            return [self.tensors[0].quantization.to_bytes(sequence) for sequence in inputs]
        parts = [part.reshape(*part.shape[:2], -1) for part in self.stored(inputs)]
        raw = [np.ascontiguousarray(part).view(np.uint8) for part in parts]
        return [row.tobytes() for row in np.concatenate(raw, axis=2)]


def invokes(parts: Sequence[NDArray[Any]], sequence: int) -> Iterator[list[NDArray[Any]]]:
    """The inputs of each Invoke of one sequence, out of what `Layout.stored` gives."""
    for step in range(parts[0].shape[1]):
        yield [part[sequence, step] for part in parts]


def free_inputs(model: Inspection) -> tuple[int, ...]:
    """The interpreter's numbers of the inputs that are not states, in their order."""
    states = {pair.input for pair in state_pairs(model)}
    return tuple(index for index in range(len(model.inputs)) if index not in states)


def input_names(model: Inspection) -> tuple[tuple[str, ...], ...]:
    """For each free input the names that an array may have: of signature and tensor."""
    signature = model.signatures[0].inputs if model.signatures else {}
    by_index = {index: name for name, index in signature.items()}
    names_of_each = []
    for number in free_inputs(model):
        tensor = model.inputs[number]
        plain = tensor.name.removesuffix(":0").removeprefix("serving_default_")
        names = (by_index.get(tensor.index, ""), tensor.name, plain)
        names_of_each.append(tuple(dict.fromkeys(name for name in names if name)))
    return tuple(names_of_each)


def bound_inputs(model: Inspection, names: Sequence[Sequence[str]]) -> tuple[InputTensor, ...]:
    """For each of `names`, those that an input has elsewhere (in Keras, say), its free input here.

    By its names; where they have none in common, by the order. Raises ValueError if there is not
    one each.
    """
    tensors = layout_of(model).tensors
    if len(tensors) != len(names):
        raise ValueError(
            f"the model has {len(tensors)} inputs that are no states, not {len(names)}"
        )
    here = input_names(model)
    found = [
        [number for number, own in enumerate(here) if set(own) & set(wanted)] for wanted in names
    ]
    numbers = [item[0] for item in found if item]
    known = len(numbers) == len(set(numbers)) == len(names)
    return tuple(tensors[number] for number in (numbers if known else range(len(names))))


def layout_of(model: Inspection) -> Layout:
    """The layout of a flatbuffer's free inputs."""
    return Layout.of(model.inputs[index] for index in free_inputs(model))


def pack(arrays: Sequence[NDArray[Any]], layout: Layout) -> NDArray[Any]:
    """One array for several inputs, `[N, steps, elements]`; a single one is left as it is.

    `arrays` are in the layout's order, each a whole number of steps. Raises ValueError if they
    have different numbers of sequences or steps.
    """
    if len(arrays) == 1:
        return arrays[0]
    parts = []
    for array, tensor in zip(arrays, layout.tensors, strict=True):
        size = array[0].size
        if size % tensor.size:
            raise ValueError(
                f"{tensor.name}: {array.shape[1:]} is not a multiple of {tensor.shape}"
            )
        parts.append(array.reshape(len(array), size // tensor.size, tensor.size))
    if len({array.shape[:2] for array in parts}) > 1:
        counts = ", ".join(
            f"{tensor.name} {array.shape[0]}x{array.shape[1]}"
            for tensor, array in zip(layout.tensors, parts, strict=True)
        )
        raise ValueError(f"the inputs have different numbers of sequences or steps: {counts}")
    return np.concatenate(parts, axis=2)
