"""Arrays out of a user's `.npz` or `.npy`, and which of them is which input of a model.

One reader for `hil run --hil-samples`, manifests and `hil convert --samples`. Nothing in such a
file is believed: pickled objects are never loaded, and what a header claims is held against the
bytes that are there before memory is taken for it.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tflm_hil.errors import ConfigurationError

INPUT_KEYS = ("inputs", "input", "x", "x_test", "samples", "data")
LABEL_KEYS = ("labels", "label", "y", "y_test", "targets")
CALIBRATION_KEYS = ("calibration", "representative", "x_train")
OTHER_KEYS = (*CALIBRATION_KEYS, "y_train")  # of the training: no test inputs

ONE_ARRAY = "inputs"
"""The name of what an `.npy` holds."""

LARGEST_BYTES = 1 << 30
"""A sample array that is larger is none: a few hundred sequences are enough."""

NUMBERS = "biuf"
"""Kinds of NumPy types that are numbers."""

SAID = 200
"""Characters that are kept of what a library says: some repeat the bytes of the file."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_MEMBER = ".npy"


class ArrayFile(Mapping[str, NDArray[Any]]):
    """The arrays of a file by name, each read when it is asked for.

    Raises ConfigurationError for what is damaged, truncated, larger than `LARGEST_BYTES`, or made
    of Python objects; KeyError for a name that the file does not have.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _Typed(path), path.open("rb") as stream:
            start = stream.read(len(npy.MAGIC_PREFIX))
            self._zip = start.startswith(_ZIP)
            if not self._zip and start != npy.MAGIC_PREFIX:
                raise ValueError("it is neither an .npz nor an .npy file")
            self._members = self._list(stream) if self._zip else {ONE_ARRAY: ""}

    def _list(self, stream: IO[bytes]) -> dict[str, str]:
        with zipfile.ZipFile(stream) as archive:
            return {name.removesuffix(_MEMBER): name for name in archive.namelist()}

    def __getitem__(self, key: str) -> NDArray[Any]:
        member = self._members[key]
        with _Typed(self.path, key), self.path.open("rb") as stream:
            if not self._zip:
                return _array(stream, self.path.stat().st_size)
            with zipfile.ZipFile(stream) as archive, archive.open(member) as content:
                return _array(content, archive.getinfo(member).file_size)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read_arrays(path: Path) -> ArrayFile:
    """All arrays of an `.npz`, or the one of an `.npy` as `inputs`. Raises ConfigurationError."""
    return ArrayFile(path)


def choose_keys(
    keys: Sequence[str],
    names: Sequence[Sequence[str]],
    source: str,
    *,
    usual: Sequence[str] = INPUT_KEYS,
    others: Sequence[str] = (*LABEL_KEYS, *OTHER_KEYS),
) -> tuple[str, ...]:
    """The key of each input's array: by one of the input's `names`; for one input by a `usual`
    name, or the only array that is none of `others`; for several in their order, where the arrays
    have no names (`arr_0`, `arr_1`, …).

    Raises ConfigurationError naming what `source` has.
    """
    by_name = [next((name for name in own if name in keys), "") for own in names]
    if all(by_name) and len(set(by_name)) == len(names):
        return tuple(by_name)
    if len(names) == 1:
        rest = [key for key in keys if key not in others]
        found = next((key for key in usual if key in keys), "")
        if found or len(rest) == 1:
            return (found or rest[0],)
    unnamed = tuple(f"arr_{number}" for number in range(len(names)))
    if all(key in keys for key in unnamed):
        return unnamed
    wanted = ", ".join(own[0] if own else "(no name)" for own in names)
    there = ", ".join(keys) or "none"
    if len(names) == 1:
        raise ConfigurationError(
            f"{source} holds the arrays {there}: which one is the model's input?",
            remedy=f"name it inputs, or as the model does: {wanted}",
        )
    missing = [own[0] if own else "" for own, name in zip(names, by_name, strict=True) if not name]
    lacking = f"; {', '.join(missing)} is missing" if any(by_name) and all(missing) else ""
    raise ConfigurationError(
        f"the model has {len(names)} inputs ({wanted}), {source} holds the arrays {there}{lacking}",
        remedy="write one array an input under its name: numpy.savez(path, "
        + ", ".join(f"{own[0] if own else 'arr'}=…" for own in names)
        + ")",
    )


def _array(stream: IO[bytes], size: int) -> NDArray[Any]:
    """One array of a stream that says it has `size` bytes. Raises ValueError and more."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"its format has the version {version}")
    shape, fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError(
            "it is made of Python objects (rows of different lengths?), which are not loaded"
        )
    if any(length < 0 for length in shape):
        raise ValueError(f"it has the shape {shape}")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > LARGEST_BYTES:
        raise ValueError(
            f"it claims {claimed / LARGEST_BYTES:.3g} GiB, and 1 GiB is the most that is read"
        )
    header = stream.tell()
    if header + claimed > size:
        raise ValueError(f"it claims {claimed} bytes of numbers and has {max(0, size - header)}")
    content = stream.read(claimed)
    if len(content) != claimed:
        raise ValueError(f"it claims {claimed} bytes of numbers and has {len(content)}")
    stream.read(1)  # of a zip: its checksum is looked at where it ends
    flat = np.frombuffer(bytearray(content), dtype, math.prod(shape))
    return flat.reshape(shape, order="F" if fortran else "C")


class _Typed:
    """Whatever NumPy and zipfile raise over a file's bytes, as a ConfigurationError."""

    def __init__(self, path: Path, key: str = "") -> None:
        self._where = f"{path}: {key!r}" if key and path.suffix != _MEMBER else f"{path}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, Exception) or isinstance(error, ConfigurationError):
            return
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(
            f"cannot read samples from {self._where}: {said[:SAID] or type(error).__name__}",
            remedy="write numbers with numpy.savez, rows of one length",
        ) from error
