"""The inputs of a Keras model as a `.tflite` takes them: names in the signature, shapes and types.

Numbers that are integers stay integers: token ids become int32 whatever width Keras gives them
(TFLM's GATHER takes no other), and are never quantised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflm_hil.models.convert import samples
from tflm_hil.models.convert.samples import Sequences, count_of, take
from tflm_hil.models.tflite.flatbuffer import Editor

ONLY = "x"
"""What the only input is called in a signature of ours."""


@dataclass(frozen=True)
class ModelInput:
    """An input. `name` is Keras', `key` the name in the signature while it is converted; `shape` is
    without the batch, `dtype` what the `.tflite` takes before quantisation: float32, int32 or bool.
    """

    name: str
    key: str
    shape: tuple[int | None, ...]
    dtype: str

    def tensor(self, array: Any) -> Any:
        """Samples as the `.tflite` takes them."""
        return np.asarray(array, self.dtype)


def inputs_of(model: Any) -> tuple[ModelInput, ...]:
    """The inputs of a Keras model in its order. Raises ValueError for text."""
    found: list[ModelInput] = []
    for item in samples.inputs_of(model):
        several = len(model.inputs) > 1
        key = _key(item.name, {one.key for one in found}) if several else ONLY
        found.append(ModelInput(item.name, key, item.shape, _carried(item.name, item.dtype)))
    return tuple(found)


def _key(name: str, taken: set[str]) -> str:
    """A name that the argument of a function can have, other than those that are `taken`."""
    key = re.sub(r"\W", "_", name, flags=re.ASCII)
    key = key if key[:1].isalpha() else f"input_{key}"
    while key in taken:
        key += "_"
    return key


def _carried(name: str, dtype: str) -> str:
    if dtype == "bool" or dtype.startswith(("int", "uint")):
        return "bool" if dtype == "bool" else "int32"
    if "float" not in dtype:
        raise ValueError(f"input {name} is of type {dtype}, and TFLM takes numbers")
    return "float32"


def named_as_keras(content: bytes, taken: Sequence[ModelInput]) -> bytes:
    """A flatbuffer whose signature calls several inputs as Keras does, whatever characters that
    takes.
    """
    names = {item.key: item.name for item in taken if item.key != item.name}
    if not names or len(taken) < 2:
        return content
    editor = Editor(content)
    for entry in editor.model.signatureDefs[0].inputs:
        key = entry.name.decode()
        entry.name = names.get(key, key).encode()
    return editor.content()


def each(sequences: Sequences) -> list[dict[str, Any]]:
    """One sequence after the other, each as a batch of 1."""
    return [take(sequences, slice(number, number + 1)) for number in range(count_of(sequences))]
