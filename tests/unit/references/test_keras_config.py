"""What a `.keras` file says of itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tflm_hil.references.keras_config import is_stateful

ZOO = Path(__file__).parents[3] / "fixtures" / "models"


def test_a_stateful_model_is_stateful() -> None:
    assert is_stateful(ZOO / "stateful_lstm" / "model.keras")
    assert not is_stateful(ZOO / "stacked_lstm" / "model.keras")


def test_what_is_no_keras_model_remembers_nothing(tmp_path: Path) -> None:
    assert not is_stateful(tmp_path / "absent.keras")
    (tmp_path / "text.keras").write_text("no archive")
    assert not is_stateful(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("metadata.json", "{}")
    assert not is_stateful(tmp_path / "empty.keras")
