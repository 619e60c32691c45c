"""The builtin engine against the desktop wheel of TensorFlow Lite Micro, bit for bit.

Integer models must give the very bits of the wheel. Float models cannot (the wheel calls the
host's libm, the engine its own functions, the same on every machine): a bound is kept instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from .conftest import Runner

HERE = Path(__file__).parent
MODELS = HERE.parents[2] / "fixtures" / "models"
WORKER = HERE / "wheel_worker.py"

FLOAT_BOUND = 1e-6  # on probabilities and gate outputs; relative above 1
OPS_PER_FAMILY = 12
OPS_SEED = 20261122
# What the wheel itself cannot run; the engine can, and has no oracle for it.
WHEEL_REFUSES = {"GATHER-INT16", "GATHER-INT32", "TRANSPOSE-INT32"}


def variants() -> list[Path]:
    """All .tflite files of the zoo that the manifests name and that take whole sequences."""
    paths = []
    for manifest in sorted(MODELS.glob("*/manifest.toml")):
        table = tomllib.loads(manifest.read_text())
        found = [variant for variant in table["variant"] if variant["export"] != "step"]
        paths += [manifest.parent / variant["file"] for variant in found]
    return paths


def variant_name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def is_float(path: Path) -> bool:
    return path.stem.startswith("float32")


def worker(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, WORKER, *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout[-500:]}\n{done.stderr[-2000:]}"


def element(path: Path) -> type[np.generic]:
    """The type of the model's input and output."""
    if is_float(path):
        return np.float32
    return np.int16 if path.stem.startswith("int16") else np.int8


def samples(path: Path) -> np.ndarray:
    """The test sequences of the model's manifest."""
    table = tomllib.loads((path.parent / "manifest.toml").read_text())["samples"]
    return np.load(path.parent / table["file"])[table["inputs"]].astype(np.float32)


def sample_bytes(path: Path, scale: float, zero_point: int, count: int | None = None) -> bytes:
    """The first `count` test sequences, or all, as the model takes them."""
    chosen = samples(path)[:count]
    kind = element(path)
    if kind is np.float32:
        return chosen.tobytes()
    limits = np.iinfo(kind)
    quantised = np.round(chosen / np.float32(scale)) + zero_point
    return np.clip(quantised, limits.min, limits.max).astype(kind).tobytes()


@pytest.fixture(scope="module")
def input_units(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, int]]:
    """Scale and zero point of every variant's input, read in a worker."""
    report = tmp_path_factory.mktemp("units") / "units.json"
    worker("units", report, *variants())
    return {name: (units[0], units[1]) for name, units in json.loads(report.read_text()).items()}


@pytest.mark.parametrize("keep_state", [False, True], ids=["reset", "state-kept"])
@pytest.mark.parametrize("model", variants(), ids=variant_name)
def test_zoo(
    model: Path,
    keep_state: bool,
    engine_run: Runner,
    input_units: dict[str, tuple[float, int]],
    tmp_path: Path,
) -> None:
    # A float network that carries its state over sequences it was never trained to chain magnifies
    # the last bit; the wheel does so too. Four sequences show that state is kept.
    count = 4 if is_float(model) and keep_state else len(samples(model))
    raw = sample_bytes(model, *input_units[variant_name(model)], count)
    arguments = ["--keep-state"] if keep_state else []
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(raw)
    worker("run", model, source, target, *arguments)
    expected = target.read_bytes()

    ours = engine_run(model, raw, "--poison", *arguments)
    assert ours.status == 0, ours.report
    assert len(ours.outputs) == len(expected)
    got, want = (
        np.frombuffer(data, element(model)).reshape(count, -1) for data in (ours.outputs, expected)
    )
    if not is_float(model):
        assert np.count_nonzero(got != want) == 0
        return
    assert (np.abs(got - want) <= FLOAT_BOUND * np.maximum(1, np.abs(want))).all()
    assert (got.argmax(axis=1) == want.argmax(axis=1)).all()


@pytest.mark.parametrize("model", variants(), ids=variant_name)
def test_repeating_an_inference_changes_nothing(
    model: Path, engine_run: Runner, input_units: dict[str, tuple[float, int]]
) -> None:
    """Inputs stay in place: a benchmark that only invokes again measures the same."""
    raw = sample_bytes(model, *input_units[variant_name(model)], 20)
    once = engine_run(model, raw)
    again = engine_run(model, raw, "--repeat", "3", "--preserve-all", "--poison")
    assert once.status == again.status == 0
    assert once.outputs == again.outputs


@pytest.fixture(scope="module")
def random_ops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ops")
    worker("ops", directory, str(OPS_PER_FAMILY), str(OPS_SEED))
    return directory


def test_random_operators(random_ops: Path, engine_run: Runner) -> None:
    """Every operator and type with odd scales, shapes and options, four inferences each."""
    equal: Counter[str] = Counter()
    refused_by_wheel: Counter[str] = Counter()
    wrong = []
    for model in sorted(random_ops.glob("*.tflite")):
        family = model.stem.rsplit("-", 1)[0]
        if model.with_suffix(".no").exists():
            refused_by_wheel[family] += 1
            continue
        expected = model.with_suffix(".out").read_bytes()
        ours = engine_run(model, model.with_suffix(".in").read_bytes(), "--keep-state", "--poison")
        close = ours.outputs == expected
        if not close and "FLOAT32" in family and len(ours.outputs) == len(expected):
            got, want = (np.frombuffer(raw, np.float32) for raw in (ours.outputs, expected))
            close = bool((np.abs(got - want) <= FLOAT_BOUND * np.maximum(1, np.abs(want))).all())
        if ours.status == 0 and close:
            equal[family] += 1
        else:
            wrong.append((model.stem, ours.report))
    assert not wrong
    assert set(refused_by_wheel) == WHEEL_REFUSES
    assert set(equal.values()) == {OPS_PER_FAMILY}
    assert len(equal) > 160
