"""What a file is, told without a framework, and the sentence where it holds no Keras model."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from tflm_hil.models.convert.model_files import Format, ModelFileError, identify

MODEL = Path(__file__).parents[4] / "fixtures" / "models" / "digits_gru" / "model.keras"
TFLITE = next(MODEL.parent.glob("*.tflite"))


def test_an_archive_of_keras_3() -> None:
    source = identify(MODEL)
    assert (source.format, source.keras2) == (Format.ARCHIVE, False)
    assert source.config["class_name"] == "Sequential"


def test_a_file_of_keras_2_says_so_in_every_form(tmp_path: Path) -> None:
    archive = repacked(tmp_path / "two.keras", {"keras_version": "2.15.0"})
    hdf5 = tmp_path / "two.h5"
    with h5py.File(hdf5, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
        file.attrs["keras_version"] = b"2.2.4"
        file.create_group("model_weights")
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"")
    metadata = json.dumps({"class_name": "Sequential", "config": {"name": "old"}}).encode()
    node = b"\x10\x01" + b"\x2a" + bytes([len(metadata)]) + metadata
    (folder / "keras_metadata.pb").write_bytes(b"\x0a" + bytes([len(node)]) + node)

    for path, form in ((archive, Format.ARCHIVE), (hdf5, Format.HDF5),
                       (folder, Format.SAVED_MODEL)):  # fmt: skip
        source = identify(path)
        assert source.keras2
        assert source.format is form
    assert identify(folder).config[0]["config"]["name"] == "old"


def repacked(path: Path, metadata: dict[str, str], *, without: str = "") -> Path:
    with zipfile.ZipFile(MODEL) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name != without:
                new.writestr(name, old.read(name))
    if metadata:
        with zipfile.ZipFile(path, "a") as new, pytest.warns(UserWarning, match="Duplicate"):
            new.writestr("metadata.json", json.dumps(metadata))
    return path


def _unpacked(path: Path) -> None:
    path.mkdir()
    (path / "readme.txt").write_text("nothing here")


def _npz(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, x=np.zeros(3))


def _torch(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"")


def _other_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)


def _weights(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"gru"]


def _flipped(path: Path) -> None:
    content = bytearray(MODEL.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)


def _half(path: Path) -> None:
    repacked(path, {}, without="model.weights.h5")


LFS = b"version https://git-lfs.github.com/spec/v1"
Content = bytes | Callable[[Path], None] | None
# File → its content, and words of the sentence and of the remedy.
OTHERS: dict[str, tuple[Content, str, str]] = {
    "gone.keras": (None, "no Keras model at", "path"),
    "empty.keras": (b"", "is empty", "model.save"),
    "text.keras": (b"no model", "damaged or no Keras", "undamaged"),
    "cut.keras": (MODEL.read_bytes()[:999], "truncated", "undamaged"),
    "flipped.keras": (_flipped, "damaged", "undamaged"),
    "half.keras": (_half, "without its weights", "model.save"),
    "folder": (_unpacked, "holds no model", "name the model file"),
    "x.npz": (_npz, "NumPy arrays", "Keras model"),
    "net.pt": (_torch, "PyTorch", "Keras model"),
    "net.pkl": (b"\x80\x04N.", "pickle", "Keras model"),
    "net.onnx": (b"\x08\x07", "ONNX", "Keras model"),
    "frozen.pb": (b"\x0a\x07", "TensorFlow 1", "Keras model"),
    "saved_model.pb": (b"\x08\x01", "one file of a SavedModel", "name its folder"),
    "done.tflite": (TFLITE.read_bytes(), "is a .tflite", "hil inspect"),
    "lfs.keras": (LFS, "LFS", "git lfs pull"),
    "net.json": (b'{"class_name": "Sequential"}', "weights are missing", "model.save"),
    "other.h5": (_other_hdf5, "holds no Keras model", "model.save"),
    "weights.h5": (_weights, "holds weights and no model", "load_weights"),
    "cut.h5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "damaged", "undamaged"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_model_is_named_with_a_remedy(tmp_path: Path, name: str) -> None:
    content, words, way_out = OTHERS[name]
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is not None:
        content(tmp_path / name)
    with pytest.raises(ModelFileError) as caught:
        identify(tmp_path / name)
    assert words in caught.value.what
    assert way_out in caught.value.remedy


def test_no_damage_is_anything_but_a_sentence(tmp_path: Path) -> None:
    """Each byte that is flipped, and each length that a file is cut to."""
    generator = np.random.default_rng(3)
    path = tmp_path / "model.keras"
    whole = MODEL.read_bytes()
    for _ in range(200):
        content = bytearray(whole[: generator.integers(1, len(whole) + 1)])
        for place in generator.integers(0, len(content), 3):
            content[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(content)
        with suppress(ModelFileError):
            identify(path)
