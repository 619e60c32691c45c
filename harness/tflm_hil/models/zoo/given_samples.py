"""Samples for a model that came without a manifest: which array of a file is what.

For one input: the array that bears the input's name, or one of the usual names, or the only one
there is. For several: one array by the name of each input (of the signature, or of the tensor),
or `np.savez(path, a, b)` without names, in the interpreter's order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConfigurationError
from tflm_hil.models.sample_arrays import LABEL_KEYS, choose_keys, read_arrays
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import Layout, input_names, layout_of, pack
from tflm_hil.models.tflite.state_names import all_names
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.zoo.fit import fit
from tflm_hil.models.zoo.samples import SampleFile, Samples


@dataclass(frozen=True)
class GivenSamples:
    """Arrays of a user's file: `keys`, one an input of `layout`, and `labels_key` ("" for none).

    `keras_keys` are the same keys in the order of the Keras model's inputs, where there is one.
    """

    path: Path
    sha256: str
    keys: tuple[str, ...]
    labels_key: str
    layout: Layout
    missing: str = ""
    keras_keys: tuple[str, ...] = ()

    def load(self) -> Samples:
        """Read, brought to the model's inputs. Raises ConfigurationError naming file and key."""
        arrays = read_arrays(self.path)
        fitting = [
            fit(arrays[key], tensor, f"{self.path}: {key!r}")
            for key, tensor in zip(self.keys, self.layout.tensors, strict=True)
        ]
        try:
            packed = pack(fitting, self.layout)
        except ValueError as error:
            raise ConfigurationError(
                f"{self.path}: {error}", remedy="give every input the same sequences and steps"
            ) from None
        labels = arrays[self.labels_key] if self.labels_key else None
        if labels is not None and len(labels) != len(packed):
            raise ConfigurationError(
                f"{self.path}: {len(packed)} sequences but {len(labels)} labels in"
                f" {self.labels_key!r}",
                remedy="write both from the same split",
            )
        if len(self.keys) == 1:
            packed = _as_given(packed, arrays[self.keys[0]])
        by_key = dict(zip(self.keys, fitting, strict=True))
        return Samples(packed, _class_numbers(labels), _in_a_row(by_key, self.keras_keys))


def given_samples(path: Path, model: Inspection) -> GivenSamples:
    """The samples of a file for a model. Raises ConfigurationError."""
    arrays = read_arrays(path)
    layout = layout_of(model)
    names = input_names(model)
    keys = choose_keys(tuple(arrays), names, str(path))
    labels = next((key for key in LABEL_KEYS if key in arrays and key not in keys), "")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return GivenSamples(path.resolve(), sha256, keys, labels, layout)


def arrays_of_states(path: Path, model: Inspection) -> tuple[str, ...]:
    """Arrays of a file that bear the name of a state: it is fed back, and they are not used.

    Raises ConfigurationError.
    """
    keys = tuple(read_arrays(path))
    names = [
        name
        for pair in state_pairs(model)
        for name in all_names(model, model.inputs[pair.input], output=False)
    ]
    return tuple(key for key in keys if key in names)


def several_inputs(file: SampleFile, keys: tuple[str, ...], model: Inspection) -> GivenSamples:
    """The samples of a manifest that names an array for each input, in the order of Keras.

    They are brought to the interpreter's order by their names; without a name in common they are
    in that order already. Raises ConfigurationError.
    """
    names = input_names(model)
    if len(keys) != len(names):
        raise ConfigurationError(
            f"{file.path}: {len(keys)} arrays are named ({', '.join(keys)}) for a model of"
            f" {len(names)} inputs",
            remedy="name one array an input in `inputs` of the manifest's [samples]; a state, which"
            " is fed back, takes none (`states = []` in the variant if it is no state)",
        )
    known = any(key in own for key in keys for own in names)
    chosen = choose_keys(keys, names, str(file.path)) if known else keys
    return GivenSamples(
        file.path, file.sha256, chosen, file.labels_key, layout_of(model), file.missing, keys
    )


def _as_given(packed: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
    """The shape that the user gave, `[N, T, F]` say, in which people and diagnoses think."""
    return packed.reshape(array.shape if array.ndim > 1 else (len(array), 1))


def _in_a_row(by_key: Mapping[str, NDArray[Any]], keys: Sequence[str]) -> NDArray[Any] | None:
    """`[N, elements]` of the inputs in the order of `keys`."""
    if not keys:
        return None
    return np.concatenate([by_key[key].reshape(len(by_key[key]), -1) for key in keys], axis=1)


def _class_numbers(labels: NDArray[Any] | None) -> NDArray[Any] | None:
    """`[N, 1]` as `[N]`: labels are a number a sequence, or one a step."""
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    return labels
