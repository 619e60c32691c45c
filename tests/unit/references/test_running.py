"""Many jobs in few workers: what arrives when, and who suffers when one of them dies.

The frameworks' own workers are run in tests/integration/references; here is one that is told to
die.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.references import References, running
from tflm_hil.references.running import compute_many
from tflm_hil.worker import Answer, Arrays, stream_worker

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
VARIANTS = [item for path in sorted(ZOO.glob("sine_*/")) for item in load_model(path).variants]
FRAMEWORKS = ("tflm",)


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Words of the counting worker by variant's file: what happens at its job."""
    words: dict[str, str] = {}

    def worker(
        _module: str, request: dict[str, Any], _arrays: Arrays, **options: Any
    ) -> Iterator[Answer]:
        asked = {"words": [words.get(Path(job["model"]).stem, "fine") for job in request["jobs"]]}
        for _, arrays in stream_worker("tests.support.counting_worker", asked, **options):
            yield (
                {"tensors": [(0.0, 0, False)], "circumstances": {}},
                {"0": arrays["x"].astype(np.float32).reshape(-1, 1)},
            )

    monkeypatch.setattr(running, "stream_worker", worker)
    return words


def ran(results: dict[str, References | ReferenceFailed]) -> dict[str, bool]:
    return {name: isinstance(result, References) for name, result in results.items()}


def some(*stems: str) -> list[Variant]:
    """Variants of one model by their files."""
    by_stem = {variant.path.stem: variant for variant in VARIANTS if variant.model == "sine_lstm"}
    return [by_stem[stem] for stem in stems]


@pytest.mark.usefixtures("fate")
def test_each_is_handed_over_as_it_arrives(tmp_path: Path) -> None:
    variants = some("float32-step", "int8-step", "int8-fused")
    arrived: list[str] = []

    def note(variant_id: str, _: References | ReferenceFailed) -> None:
        arrived.append(variant_id)
        # what has arrived is in the cache already: a run that is killed now keeps it
        assert len(list(tmp_path.glob("*.npz"))) == len(arrived)

    compute_many(variants, frameworks=FRAMEWORKS, cache_directory=tmp_path, arrived=note)
    assert arrived == [variant.id for variant in variants]


def test_only_the_guilty_one_fails(fate: dict[str, str], tmp_path: Path) -> None:
    fate["int8-step"] = "crash"
    variants = some("float32-step", "int8-step", "int8-fused")
    results = compute_many(variants, frameworks=FRAMEWORKS, cache_directory=tmp_path)
    assert ran(results) == {variant.id: variant.path.stem != "int8-step" for variant in variants}
    failure = results[variants[1].id]
    assert isinstance(failure, ReferenceFailed)
    assert "SIGSEGV" in failure.what


def test_one_that_hangs_is_given_up_alone(fate: dict[str, str], tmp_path: Path) -> None:
    fate["float32-step"] = "hang"
    variants = some("float32-step", "int8-step")
    results = compute_many(variants, frameworks=FRAMEWORKS, cache_directory=tmp_path, timeout_s=1.5)
    assert ran(results) == {variants[0].id: False, variants[1].id: True}


def test_who_wants_no_more_ends_the_workers(fate: dict[str, str], tmp_path: Path) -> None:
    fate["int8-fused"] = "hang"
    variants = some("float32-step", "int8-step", "int8-fused")

    def enough(*_: object) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        compute_many(variants, frameworks=FRAMEWORKS, cache_directory=tmp_path, arrived=enough)


@pytest.mark.usefixtures("fate")
def test_what_is_cached_needs_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = some("float32-step", "int8-step")
    compute_many(variants[:1], frameworks=FRAMEWORKS, cache_directory=tmp_path)
    monkeypatch.setattr(running, "stream_worker", None)
    arrived: dict[str, References | ReferenceFailed] = {}
    with pytest.raises(TypeError):
        compute_many(
            variants,
            frameworks=FRAMEWORKS,
            cache_directory=tmp_path,
            arrived=lambda name, result: arrived.update({name: result}),
        )
    assert ran(arrived) == {variants[0].id: True}


def test_a_variant_without_jobs_has_no_references(tmp_path: Path) -> None:
    results = compute_many(
        VARIANTS[:1], mode="carry", frameworks=("keras",), cache_directory=tmp_path
    )
    result = results[VARIANTS[0].id]
    assert isinstance(result, References)
    assert not result.references


@pytest.mark.parametrize(
    ("refuses", "keras"), [("tflite", False), ("tflite", True), ("tflm", False)]
)
def test_a_bare_model_does_without_tflite(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refuses: str, keras: bool
) -> None:
    """With Keras above it the ladder has no gap to hide; alone, desktop TFLM is where it starts."""

    def worker(
        _module: str, request: dict[str, Any], _arrays: Arrays, **_options: Any
    ) -> Iterator[Answer]:
        for job in request["jobs"]:
            if job["framework"] == refuses:
                yield {"error": "invalid quantization\nand more", "remedy": ""}, {}
            else:
                described = {"tensors": [(0.0, 0, False)], "circumstances": {}}
                yield described, {"0": np.zeros((1, 1), np.float32)}

    monkeypatch.setattr(running, "stream_worker", worker)
    (shipped,) = some("float32-step")
    variant = shipped if keras else replace(shipped, keras=None)
    result = compute_many([variant], cache_directory=tmp_path)[variant.id]
    if keras or refuses == "tflm":
        assert isinstance(result, ReferenceFailed)
        return
    assert isinstance(result, References)
    assert list(result.rungs) == ["tflm"]
    (refusal,) = result.refusals
    assert refusal.startswith("TFLite could not run")
    assert refusal.endswith("invalid quantization")
