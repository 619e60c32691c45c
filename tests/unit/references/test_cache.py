"""The cache of references: complete entries or none, keys by content."""

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.references import cache
from tflm_hil.references.records import Reference
from tflm_hil.vocabulary import RungName

KEY = cache.key_of({"model": "abc"})


def reference() -> Reference:
    tensor = RungOutputs(np.arange(6, dtype=np.int8).reshape(2, 3), 0.5, -3, False)
    steps = RungOutputs(np.ones((2, 4, 1), np.float32), 0.0, 0, True)
    return Reference(RungName.TFLM, (tensor, steps), {"kernels": "reference", "cached": "no"})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cache.write(tmp_path, KEY, reference())
    cached = cache.read(tmp_path, KEY)
    assert cached is not None
    assert cached.framework == "tflm"
    assert cached.circumstances == {"kernels": "reference", "cached": "yes"}
    for ours, theirs in zip(cached.tensors, reference().tensors, strict=True):
        assert ours.stored.dtype == theirs.stored.dtype
        np.testing.assert_array_equal(ours.stored, theirs.stored)
        assert (ours.scale, ours.zero_point, ours.per_step) == (
            theirs.scale,
            theirs.zero_point,
            theirs.per_step,
        )


def test_absent(tmp_path: Path) -> None:
    assert cache.read(tmp_path, KEY) is None


@pytest.mark.parametrize("keep", [0, 10, 100, -1])
def test_a_damaged_entry_is_absent_and_can_be_replaced(tmp_path: Path, keep: int) -> None:
    cache.write(tmp_path, KEY, reference())
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.read(tmp_path, KEY) is None
    cache.write(tmp_path, KEY, reference())
    assert cache.read(tmp_path, KEY) is not None


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_stretch_anywhere_makes_an_entry_absent(tmp_path: Path, share: float) -> None:
    values = np.random.default_rng(3).standard_normal((40, 10)).astype(np.float32)
    tensors = (RungOutputs(values, 0.0, 0, False),)
    cache.write(tmp_path, KEY, Reference(RungName.TFLM, tensors, {}))
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    at = int(len(content) * share)
    content[at : at + 40] = bytes(byte ^ 0x5A for byte in content[at : at + 40])
    path.write_bytes(content)
    assert cache.read(tmp_path, KEY) is None


def test_an_entry_under_a_wrong_name_is_absent(tmp_path: Path) -> None:
    cache.write(tmp_path, KEY, reference())
    other = cache.key_of({"model": "abd"})
    (tmp_path / f"{KEY}.npz").rename(tmp_path / f"{other}.npz")
    assert cache.read(tmp_path, other) is None


def test_a_directory_that_cannot_be_made_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    cache.write(tmp_path / "file", KEY, reference())


def test_nothing_half_written_remains(tmp_path: Path) -> None:
    cache.write(tmp_path, KEY, reference())
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.npz"]


def test_keys_do_not_depend_on_order_and_do_on_content() -> None:
    assert cache.key_of({"a": 1, "b": 2}) == cache.key_of({"b": 2, "a": 1})
    assert cache.key_of({"a": 1}) != cache.key_of({"a": 2})


def test_digest_sees_type_shape_and_order() -> None:
    array = np.arange(6, dtype=np.float32)
    digests = {
        cache.array_digest(item)
        for item in (array, array.reshape(2, 3), array.astype(np.float64), array[::-1])
    }
    assert len(digests) == 4
    assert cache.array_digest(array) in digests
