"""The engine on the host, as the command-line program `engine_run`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
FIRMWARE = ROOT / "firmware"
OPS_PER_FAMILY = 9
OPS_SEED = 20261122
ARENA_BYTES = 1 << 19  # more than a board has; it is filled with noise for each of 3,000 runs


@dataclass(frozen=True)
class EngineRun:
    """What `engine_run` printed, and the outputs it wrote."""

    status: int
    report: dict[str, object]
    outputs: bytes


Runner = Callable[..., EngineRun]


def engine_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From beside the application that `HIL_POSIX_APP` names, with its sanitizers; else built."""
    if given := os.environ.get("HIL_POSIX_APP"):
        return Path(given).with_name("engine_run")
    for tool in ("cmake", "ninja", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (see system-packages.txt)")
    build = tmp_path_factory.mktemp("engine-build")
    options = ["-DHIL_BOARD=posix", "-DCMAKE_BUILD_TYPE=Release", "-DHIL_TESTS=ON"]
    configure: list[str | Path] = ["cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", build, *options]
    compile_it: list[str | Path] = ["cmake", "--build", build, "--target", "engine_run"]
    for command in (configure, compile_it):
        subprocess.run(command, check=True, capture_output=True, text=True)
    (program,) = build.rglob("bin/engine_run")
    return program


@pytest.fixture(scope="session")
def engine_run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Calls `engine_run` with a model, raw inputs and further arguments."""
    program = engine_program(tmp_path_factory)
    scratch = tmp_path_factory.mktemp("engine-run")
    # looking for leaks takes as long as a run does; the engine has no heap, and ctest looks
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}

    def run(model: Path, inputs: bytes, *arguments: str) -> EngineRun:
        source, target = scratch / "inputs", scratch / "outputs"
        source.write_bytes(inputs)
        target.unlink(missing_ok=True)
        done = subprocess.run(
            [program, model, source, target, "--arena", str(ARENA_BYTES), *arguments],
            capture_output=True, text=True, check=False, timeout=120, env=environment,
        )  # fmt: skip
        assert not done.stderr, done.stderr
        report = json.loads(done.stdout)
        return EngineRun(done.returncode, report, target.read_bytes() if target.exists() else b"")

    return run


def run_wheel(*arguments: str | Path) -> None:
    """Calls `wheel_worker`, a process that has the desktop wheel."""
    command = [sys.executable, "-m", "tests.integration.engine.wheel_worker", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout[-500:]}\n{done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def random_ops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of every operator with inputs and the wheel's outputs: FAMILY-N.tflite, .in, .out;
    .no where the wheel refuses.
    """
    directory = tmp_path_factory.mktemp("ops")
    run_wheel("ops", directory, str(OPS_PER_FAMILY), str(OPS_SEED))
    return directory


def alike(ours: bytes, wheel: bytes, name: str, bound: float) -> bool:
    """The same bytes; or, where the name tells of floats, numbers within `bound`, relative above 1,
    and the same infinities and places of NaN.
    """
    if ours == wheel:
        return True
    if "float32" not in name.lower() or len(ours) != len(wheel):
        return False
    got, want = (np.frombuffer(raw, np.float32) for raw in (ours, wheel))
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - want) <= bound * np.maximum(1, np.abs(want))
    return bool((near | (got == want) | (np.isnan(got) & np.isnan(want))).all())
