"""The engine on the host, as the command-line program `engine_run`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[3] / "firmware"


@dataclass(frozen=True)
class EngineRun:
    """What `engine_run` printed, and the outputs it wrote."""

    status: int
    report: dict[str, object]
    outputs: bytes


Runner = Callable[..., EngineRun]


@pytest.fixture(scope="session")
def engine_run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Builds `engine_run` once; calls it with a model, raw inputs and further arguments."""
    for tool in ("cmake", "ninja", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (see system-packages.txt)")
    build = tmp_path_factory.mktemp("engine-build")
    subprocess.run(
        ["cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", build,
         "-DHIL_BOARD=posix", "-DCMAKE_BUILD_TYPE=Release", "-DHIL_TESTS=ON"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    subprocess.run(["cmake", "--build", build, "--target", "engine_run"], check=True,
                   capture_output=True, text=True)  # fmt: skip
    (program,) = build.rglob("bin/engine_run")
    scratch = tmp_path_factory.mktemp("engine-run")

    def run(model: Path, inputs: bytes, *arguments: str) -> EngineRun:
        source, target = scratch / "inputs", scratch / "outputs"
        source.write_bytes(inputs)
        target.unlink(missing_ok=True)
        done = subprocess.run(
            [program, model, source, target, *arguments],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert not done.stderr, done.stderr
        report = json.loads(done.stdout)
        return EngineRun(done.returncode, report, target.read_bytes() if target.exists() else b"")

    return run
