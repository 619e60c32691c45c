"""Files of arrays: what is read, and what damage becomes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import ConfigurationError
from tflm_hil.models.sample_arrays import LARGEST_BYTES, ArrayFile, choose_keys, read_arrays


def header(shape: str, descr: str = "'<f4'", version: bytes = b"\x01\x00") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (118 - len(text) - 1) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text


def npz_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def test_npz_and_npy_are_read_as_they_were_written(tmp_path: Path) -> None:
    written: dict[str, np.ndarray] = {
        "ids": np.arange(6, dtype=np.int16).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "flags": np.array([True, False]),
        "text": np.array(["a", "bc"]),
        "empty": np.zeros((0, 4), np.float32),
        "one": np.array(3.5),
    }
    np.savez_compressed(tmp_path / "x.npz", np.ones(1), allow_pickle=False, **written)
    arrays = read_arrays(tmp_path / "x.npz")
    assert set(arrays) == {*written, "arr_0"}
    for key, array in written.items():
        assert arrays[key].dtype == array.dtype
        assert np.array_equal(arrays[key], array)
    assert arrays["ids"].flags.writeable
    np.save(tmp_path / "x.npy", written["ids"])
    assert np.array_equal(read_arrays(tmp_path / "x.npy")["inputs"], written["ids"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither an .npz nor an .npy"),
        (b"t,x\n1,2\n", "neither an .npz nor an .npy"),
        (header("(4, 1000000000000)"), r"claims 1\.49e\+04 GiB"),
        (header("(4, 100)") + bytes(16), "claims 1600 bytes of numbers and has 16"),
        (header("(-1, 100)"), "shape"),
        (header("(4,)", "'|O'"), "Python objects"),
        (header("(4,)", version=b"\x07\x00"), "version"),
        (header("(4,), 'more': (1,)") + bytes(16), "cannot read samples"),
        (header("((((((((((("), "cannot read samples"),
    ],
)
def test_damaged_and_monstrous_npy(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        dict(read_arrays(tmp_path / "x.npy"))
    assert str(tmp_path / "x.npy") in caught.value.what
    assert caught.value.remedy


def test_only_what_is_asked_for_is_read_and_bombs_are_not(tmp_path: Path) -> None:
    good = io.BytesIO()
    np.save(good, np.arange(3))
    path = npz_of(
        tmp_path / "x.npz",
        good=good.getvalue(),
        rows=header("(4,)", "'|O'"),
        claims=header("(4, 100)") + bytes(8),
        bomb=header(f"({LARGEST_BYTES}, 1)", "'|i1'") + bytes(1 << 22),
        huge=header(f"({LARGEST_BYTES}, 1)", "'<f8'"),
        readme=b"no array",
    )
    arrays = read_arrays(path)
    assert np.array_equal(arrays["good"], [0, 1, 2])
    for key in set(arrays) - {"good"}:
        with pytest.raises(ConfigurationError, match=f"x.npz: '{key}'"):
            arrays[key]
    content = bytearray(path.read_bytes())
    content[60] ^= 255  # within the first member
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        ArrayFile(path)["good"]
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigurationError, match="not a zip file"):
        ArrayFile(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_arrays(tmp_path / "gone.npz")
    with pytest.raises(ConfigurationError, match="directory"):
        read_arrays(tmp_path)


def test_one_of_several_inputs_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="seed is missing"):
        choose_keys(["x", "labels"], [("x",), ("seed",)], "x.npz")
