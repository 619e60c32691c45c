"""Small files of Keras models in each form, made without a framework, to be damaged."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tflm_hil.models.convert.model_files import CONFIG, METADATA, WEIGHTS

ZOO = Path(__file__).parents[2] / "fixtures" / "models"


def members(name: str) -> dict[str, bytes]:
    """The files of the archive `model.keras` of a zoo model."""
    with zipfile.ZipFile(ZOO / name / "model.keras") as archive:
        return {member: archive.read(member) for member in (CONFIG, METADATA, WEIGHTS)}


def archive_of(parts: dict[str, bytes]) -> bytes:
    """An archive of these files, whose checksums are right whatever is in them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def hdf5_of(description: bytes, version: str = "2.15.0") -> bytes:
    """A file as Keras 2 wrote them, of this description and no weights worth the name."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["model_config"] = description.decode("utf-8", "surrogateescape")
        file.attrs["keras_version"] = version
        file.create_group("model_weights").create_dataset("kernel", data=np.zeros((4, 4)))
    return stream.getvalue()


def metadata_of(*descriptions: Any) -> bytes:
    """`keras_metadata.pb` of a SavedModel: a node for each description."""
    return b"".join(
        _field(1, _field(2, b"root") + _field(5, json.dumps(description).encode()))
        for description in descriptions
    )


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content
