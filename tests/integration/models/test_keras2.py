"""Files that Keras 2 saved: the same model in Keras 3, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.worker import Arrays, run_worker

REFUSED = {
    "lambda.h5": ("layer half is a Lambda", "--custom"),
    "own_layer.h5": ("made of Doubled, which Keras 2 does not define", "--custom"),
    "own_model.saved": ("is a Own: code of its own", "--custom FILE"),
    "bare.saved": ("SavedModel without Keras' description", "model.save"),
    "weights_only.h5": ("holds weights and no model", "load_weights"),
    "cut.h5": ("damaged or truncated HDF5 file", "undamaged copy"),
    "cut.keras": ("damaged or truncated archive", "undamaged copy"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Arrays]:
    """A folder of files of Keras 2, the names of those that can be read, inputs and outputs."""
    directory = tmp_path_factory.mktemp("keras2")
    answer, arrays = run_worker(
        "tests.support.keras2_models",
        {"directory": str(directory)},
        environment={"TF_USE_LEGACY_KERAS": "1"},
    )
    for name in ("h5", "keras"):
        content = (directory / f"gru.{name}").read_bytes()
        (directory / f"cut.{name}").write_bytes(content[: len(content) // 2])
    return directory, answer["files"], arrays


@pytest.fixture(scope="module")
def loaded(saved: tuple[Path, list[str], Arrays]) -> tuple[dict[str, Any], Arrays]:
    """Refusals and outputs by file."""
    directory, files, arrays = saved
    wanted = [str(directory / name) for name in (*files, *REFUSED)]
    answer, results = run_worker("tests.support.load_models", {"files": wanted}, arrays)
    return answer["refusals"], results


def test_what_keras_3_gives_is_what_keras_2_gave(
    saved: tuple[Path, list[str], Arrays], loaded: tuple[dict[str, Any], Arrays]
) -> None:
    _, files, arrays = saved
    refusals, results = loaded
    assert not set(refusals) & set(files), refusals
    for name in files:
        wanted = arrays[f"{name}.y"]
        assert np.ptp(wanted) > 1e-3, name
        np.testing.assert_allclose(results[f"{name}.y"], wanted, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_sentence_and_a_remedy(
    loaded: tuple[dict[str, Any], Arrays], name: str
) -> None:
    kind, what, remedy = loaded[0][name]
    words, way_out = REFUSED[name]
    assert kind == "ModelFileError"
    assert words in what
    assert way_out in remedy
    assert "\n" not in what + remedy


@pytest.mark.parametrize(
    ("name", "export", "dtype"),
    [("functional.saved", "shift", "int8"), ("gru_before.h5", "step", "float32")],
)
def test_converted_like_any_other(
    saved: tuple[Path, list[str], Arrays], name: str, export: str, dtype: str
) -> None:
    x = np.random.default_rng(1).uniform(-1, 1, (20, 10, 3)).astype(np.float32)
    done = convert(saved[0] / name, export=export, dtype=dtype, calibration=x)
    assert done.difference < 1e-5
    assert len(inspect(done.content).outputs) == 2
    assert any("saved by Keras 2" in note and "rebuilt in Keras 3" in note for note in done.notes)
