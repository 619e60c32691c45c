"""Sample sequences: real test input of a model, with labels where there are any.

One `.npz` holds the arrays; a manifest says under which keys. Several models may share a file.
Samples of data that may not be passed on are made on the user's machine and can be absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConfigurationError, SamplesMissing
from tflm_hil.models.sample_arrays import read_arrays


@dataclass(frozen=True)
class Samples:
    """`inputs` is `[N, ...]`, one sequence a row, and `labels` `[N, ...]`, if known.

    Several inputs are packed, see `tflm_hil.models.tflite.layout`. Numbers are float32; float64
    only where integers stand among them that float32 does not hold. `for_keras` are several inputs
    once more, `[N, elements]`, in the order that the Keras model takes them.
    """

    inputs: NDArray[Any]
    labels: NDArray[Any] | None = None
    for_keras: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def first(self, count: int | None) -> Samples:
        """The first `count` sequences; all of them for None."""
        labels = None if self.labels is None else self.labels[:count]
        keras = None if self.for_keras is None else self.for_keras[:count]
        return Samples(self.inputs[:count], labels, keras)


class SampleSource(Protocol):
    """Where the samples of a variant come from: a file, or a way to make them.

    Two that are equal name the same bytes.
    """

    def __hash__(self) -> int: ...

    @property
    def sha256(self) -> str:
        """Of the file, or of what they are made from; "" where there is no file."""

    @property
    def missing(self) -> str:
        """What is missing and how to get it, as a sentence; "" if they can be loaded."""

    def load(self) -> Samples:
        """The sequences. Raises `ConfigurationError`."""


@cache
def load_once(source: SampleSource) -> Samples:
    """The sequences of `source`, read at the first call; they must not be written to.

    Sources are equal if they name the same bytes. Raises what `source.load` raises.
    """
    samples = source.load()
    for array in (samples.inputs, samples.labels, samples.for_keras):
        if array is not None:
            array.flags.writeable = False
    return samples


@dataclass(frozen=True)
class SampleFile:
    """Where the samples of a model are: a file and the keys of its arrays ("" means none).

    `more_inputs` are the keys of further inputs: such a file is read through
    `given_samples.several_inputs`, which knows what the model takes first. `made_by` is the
    command that makes the file where it is not shipped; then `sha256` is that of the file which
    was found, and "" if there was none.
    """

    path: Path
    sha256: str
    inputs_key: str = "inputs"
    labels_key: str = ""
    calibration_key: str = ""
    made_by: str = ""
    more_inputs: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """What is missing and how to get it, as a sentence; "" if the file was there."""
        if self.sha256 or not self.made_by:
            return ""
        return f"samples {self.path.name} are not shipped: make them with `{self.made_by}`"

    def load(self) -> Samples:
        """Read inputs and labels; raises `ConfigurationError` naming file and key."""
        inputs = self._array(self.inputs_key).astype(np.float32)
        labels = self._array(self.labels_key) if self.labels_key else None
        if len(inputs) == 0:
            raise ConfigurationError(
                f"{self.path}: {self.inputs_key!r} holds no sequence",
                remedy="give an array [N, ...] with N at least 1",
            )
        if labels is not None and len(labels) != len(inputs):
            raise ConfigurationError(
                f"{self.path}: {len(inputs)} sequences in {self.inputs_key!r} but {len(labels)}"
                f" labels in {self.labels_key!r}",
                remedy="write both from the same split",
            )
        if not np.all(np.isfinite(inputs)):
            raise ConfigurationError(
                f"{self.path}: {self.inputs_key!r} contains NaN or infinity",
                remedy="clean the data; no rung can be compared on such input",
            )
        return Samples(inputs, labels)

    def _array(self, key: str) -> NDArray[Any]:
        if self.made_by and not self.path.is_file():
            raise SamplesMissing(
                f"there are no samples at {self.path}: they are not shipped",
                remedy=f"make them: {self.made_by}",
            )
        try:
            array = read_arrays(self.path)[key]
        except KeyError:
            raise ConfigurationError(
                f"{self.path} has no array {key!r}",
                remedy="name the key of the array in the manifest's [samples] table",
            ) from None
        if array.ndim == 0:
            raise ConfigurationError(
                f"{self.path}: {key!r} is a single number, not an array of sequences",
                remedy="give an array [N, ...]",
            )
        return array
