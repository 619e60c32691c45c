"""Sample files: what is loaded, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import ConfigurationError, SamplesMissing
from tflm_hil.models.zoo.samples import SampleFile


def sample_file(tmp_path: Path, labels_key: str = "", **arrays: np.ndarray) -> SampleFile:
    path = tmp_path / "samples.npz"
    np.savez(path, allow_pickle=False, **arrays)
    return SampleFile(path, "", "inputs", labels_key)


def test_loads_as_float32(tmp_path: Path) -> None:
    samples = sample_file(
        tmp_path, "labels", inputs=np.ones((3, 2), np.uint8), labels=np.arange(3)
    ).load()
    assert samples.inputs.dtype == np.float32
    assert len(samples) == 3
    assert samples.labels is not None


def test_first_cuts_inputs_and_labels(tmp_path: Path) -> None:
    samples = sample_file(tmp_path, "labels", inputs=np.ones((3, 2)), labels=np.arange(3)).load()
    cut = samples.first(2)
    assert cut.labels is not None
    assert (len(cut), cut.labels.tolist()) == (2, [0, 1])
    assert len(samples.first(None)) == 3


@pytest.mark.parametrize(
    ("labels_key", "arrays", "word"),
    [
        ("", {"other": np.ones((3, 2))}, "no array 'inputs'"),
        ("labels", {"inputs": np.ones((3, 2))}, "no array 'labels'"),
        ("", {"inputs": np.ones((0, 2))}, "no sequence"),
        ("", {"inputs": np.float32(1)}, "single number"),
        ("", {"inputs": np.array([[1.0, np.nan]])}, "NaN"),
        ("labels", {"inputs": np.ones((3, 2)), "labels": np.ones(2)}, "3 sequences .* 2 labels"),
    ],
)
def test_refused_by_name(
    tmp_path: Path, labels_key: str, arrays: dict[str, np.ndarray], word: str
) -> None:
    with pytest.raises(ConfigurationError, match=word):
        sample_file(tmp_path, labels_key, **arrays).load()


def test_not_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "samples.npz"
    path.write_bytes(b"PK not really")
    with pytest.raises(ConfigurationError, match="cannot read"):
        SampleFile(path, "").load()
    with pytest.raises(ConfigurationError, match="cannot read"):
        SampleFile(tmp_path / "gone.npz", "").load()


def test_samples_that_are_made_here_say_how(tmp_path: Path) -> None:
    absent = SampleFile(tmp_path / "gone.npz", "", made_by="python -m somewhere")
    assert "`python -m somewhere`" in absent.missing
    with pytest.raises(SamplesMissing, match="not shipped") as caught:
        absent.load()
    assert "python -m somewhere" in caught.value.remedy
    there = SampleFile(tmp_path / "there.npz", "ab" * 32, made_by="python -m somewhere")
    assert there.missing == ""
    assert SampleFile(tmp_path / "shipped.npz", "").missing == ""
