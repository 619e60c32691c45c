"""What is recommended works: each way that a refusal names is tried, and some are converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.convert import convert
from tflm_hil.worker import run_worker

# One for each reason: a mask, both directions, an encoder-decoder, every step's output, a GRU of
# both directions, several inputs.
NAMES = ("masked", "bidirectional", "repeated", "gru_sequence", "both_gru", "two_inputs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("remedies")
    run_worker("tests.support.keras_models", {"names": NAMES, "directory": str(directory)})
    return directory


@pytest.fixture(scope="module")
def ways(folder: Path) -> dict[str, dict[str, Any]]:
    """By model and way, None or the details of the refusal."""
    files = [str(folder / f"{name}.keras") for name in NAMES]
    answer, _ = run_worker("tests.support.ways_matrix", {"files": files})
    return answer


def test_every_way_that_a_refusal_names_is_open(ways: dict[str, dict[str, Any]]) -> None:
    refusals = 0
    for name, refused in ways.items():
        for asked, details in refused.items():
            if details is None:
                continue
            refusals += 1
            named = [" ".join(way) for way in details["ways"]]
            assert asked not in named
            assert all(refused[way] is None for way in named), (name, asked, named)
            dtype = asked.split()[1]
            free = {way for way, reason in refused.items() if reason is None}
            same = {way for way in free if way.endswith(f" {dtype}")}
            assert set(named) == same or (not same and bool(named) == bool(free)), (name, asked)
            assert named or details["change"], (name, asked)
    assert refusals > 20


def test_no_remedy_leads_in_a_circle(folder: Path) -> None:
    """A GRU of both directions: no export takes it in int16x8, and none says another."""
    x = np.random.default_rng(0).uniform(-1, 1, (20, 12, 3)).astype(np.float32)
    path = folder / "both_gru.keras"
    for export in ("shift", "unrolled"):
        with pytest.raises(ConversionError) as caught:
            convert(path, export=export, dtype="int16x8", calibration=x)
        assert "no export takes this model in int16x8 as it is" in caught.value.remedy
        assert "use --to int8 --export shift" in caught.value.remedy
    convert(path, export="shift", dtype="int8", calibration=x)


def test_a_change_that_is_named_is_enough(folder: Path) -> None:
    """`both_gru_before` is `both_gru` with reset_after=False, as the remedy says."""
    run_worker(
        "tests.support.keras_models", {"names": ["both_gru_before"], "directory": str(folder)}
    )
    x = np.random.default_rng(0).uniform(-1, 1, (20, 12, 3)).astype(np.float32)
    convert(folder / "both_gru_before.keras", export="unrolled", dtype="int16x8", calibration=x)
