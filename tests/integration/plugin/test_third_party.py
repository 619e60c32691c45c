"""Models that others made, with nothing but their file: through the suite on the emulated board.

They lie in the data folder (`fixtures/data/folder.py`), MNIST beside them, and are skipped with the
reason where either is absent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import DataSetMissing
from tflm_hil.paths import REPOSITORY
from tflm_hil.report import json_report
from tflm_hil.report.judgement import Verdict

from fixtures.data import mnist
from fixtures.data.folder import DataSet
from tests.integration.plugin.conftest import RunPytest

MODELS = DataSet(
    title="the MNIST models of TensorFlow Lite Micro",
    folder="models",
    files="trained_lstm.tflite and trained_lstm_int8.tflite",
    source="https://github.com/tensorflow/tflite-micro (examples/mnist_lstm)",
    licence="Apache-2.0",
)
SUITE = [str(REPOSITORY / "tests" / "hil" / f"test_{name}.py") for name in (
    "ladder", "state_contract", "latency",
)]  # fmt: skip
IMAGES = 60
# Measured on these images: 98.3 %, in float32 and int8, on every rung alike.
LEAST_ACCURACY = 0.95


@pytest.fixture
def images(pytester: pytest.Pytester) -> Path:
    """MNIST test images row by row, as a user would save them."""
    try:
        test = mnist.load("t10k", IMAGES)
    except DataSetMissing as missing:
        pytest.skip(missing.what)
    path = pytester.path / "mnist.npz"
    np.savez(path, x_test=test.x, y_test=test.y)
    return path


@pytest.fixture
def models() -> list[Path]:
    try:
        return sorted(MODELS.path().glob("trained_lstm*.tflite"))
    except DataSetMissing as missing:
        pytest.skip(missing.what)


def test_models_of_others_pass_without_manifest_or_keras(
    run_pytest: RunPytest, images: Path, models: list[Path]
) -> None:
    result = run_pytest(
        "", "--import-mode=importlib", "--hil-samples", str(images),
        *(word for path in models for word in ("--hil-model", str(path))), *SUITE,
    )  # fmt: skip
    assert result.ret == 0, result.stdout.str()
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] >= 20 * len(models)
    assert set(outcomes) == {"passed"}
    (path,) = Path().glob("reports/*/report.json")
    records = {item.id: item for item in json_report.read(path).variants}
    assert set(records) == {path.stem for path in models} >= {"trained_lstm", "trained_lstm_int8"}
    for record in records.values():
        assert record.verdict is Verdict.PASS, record.failure
        assert record.sequences == IMAGES
        assert [rung.name for rung in record.rungs] == ["tflite", "tflm", "device"]
        device = record.rungs[-1]
        if record.dtype == "int8":
            assert device.differing == 0
        accuracy = {rung.name: rung.accuracy for rung in record.rungs}
        print(f"{record.id}: {accuracy}, worst |Δ| to desktop TFLM {device.max_abs:.2g}")
        assert min(value for value in accuracy.values() if value is not None) >= LEAST_ACCURACY
