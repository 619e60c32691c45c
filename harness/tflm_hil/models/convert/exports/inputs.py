"""The inputs of a Keras model as a `.tflite` takes them: names, shapes and types.

Samples are a mapping {Keras input name: `[N, ...]`}, each array in the type of that input; of a
model with one input, an array alone means the same. Numbers that are integers stay integers: token
ids become int32 whatever width Keras gives them (TFLM's GATHER takes no other), and are never
quantised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = dict[str, NDArray[Any]]
"""`[N, ...]` by the name of the Keras input."""

ONLY = "x"
"""What the only input is called in a signature of ours."""


class CalibrationShapeError(ValueError):
    """Representative data does not fit the model's inputs."""


@dataclass(frozen=True)
class ModelInput:
    """An input. `name` is Keras', `key` the name in the signature; `shape` is without the batch,
    `dtype` what the `.tflite` takes before quantisation: float32, int32 or bool.
    """

    name: str
    key: str
    shape: tuple[int | None, ...]
    dtype: str

    @property
    def quantised(self) -> bool:
        """Whether an integer model quantises it."""
        return self.dtype == "float32"


def inputs_of(model: Any) -> tuple[ModelInput, ...]:
    """The inputs of a Keras model in its order. Raises ValueError for text."""
    found: list[ModelInput] = []
    for tensor in model.inputs:
        name = str(tensor.name)
        key = ONLY if len(model.inputs) == 1 else _key(name, {item.key for item in found})
        found.append(ModelInput(name, key, tuple(tensor.shape[1:]), _carried(tensor)))
    return tuple(found)


def _key(name: str, taken: set[str]) -> str:
    """A name that a signature can have, other than those that are `taken`."""
    key = re.sub(r"\W", "_", name, flags=re.ASCII)
    key = key if key[:1].isalpha() else f"input_{key}"
    while key in taken:
        key += "_"
    return key


def _carried(tensor: Any) -> str:
    kind = str(tensor.dtype)
    if kind == "bool" or kind.startswith(("int", "uint")):
        return "bool" if kind == "bool" else "int32"
    if "float" not in kind:
        raise ValueError(f"input {tensor.name} is of type {kind}, and TFLM takes numbers")
    return "float32"


def by_name(model: Any, samples: NDArray[Any] | Mapping[str, NDArray[Any]]) -> Inputs:
    """Samples by the name of the input, in the type that the `.tflite` takes.

    Raises CalibrationShapeError where an input has no samples, or has another number of them.
    """
    wanted = inputs_of(model)
    if not isinstance(samples, Mapping):
        if len(wanted) != 1:
            names = ", ".join(item.name for item in wanted)
            raise CalibrationShapeError(
                f"the model has {len(wanted)} inputs ({names}) and the samples are one array"
            )
        samples = {wanted[0].name: samples}
    missing = [item.name for item in wanted if item.name not in samples]
    if missing:
        raise CalibrationShapeError(f"there are no samples for input {', '.join(missing)}")
    counts = {len(samples[item.name]) for item in wanted}
    if len(counts) > 1:
        raise CalibrationShapeError(
            "the inputs have samples of different number: "
            + ", ".join(f"{item.name} {len(samples[item.name])}" for item in wanted)
        )
    return {item.name: np.asarray(samples[item.name], item.dtype) for item in wanted}


def count(samples: Inputs) -> int:
    """The number of sequences."""
    return len(next(iter(samples.values())))


def each(samples: Inputs) -> list[Inputs]:
    """One sample after the other, each as a batch of 1."""
    return [
        {name: array[number : number + 1] for name, array in samples.items()}
        for number in range(count(samples))
    ]


def call(model: Any, sample: Inputs, **options: Any) -> Any:
    """What a Keras model, not an export, gives for a batch of samples."""
    values = [sample[str(tensor.name)] for tensor in model.inputs]
    struct = getattr(getattr(model, "_functional", model), "_inputs_struct", None)
    if isinstance(struct, Mapping):
        import keras

        return model(keras.tree.pack_sequence_as(struct, values), **options)
    return model(values if len(values) > 1 else values[0], **options)
