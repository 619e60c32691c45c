"""Jobs of a worker: what C++ code printed stands in the error of a job that failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
import os
from tflm_hil.references.serving import run_jobs
def run(work, inputs):
    os.write(2, b"before\\n" if work.model.name == "good" else b"no kernel for BOOL\\n")
    if work.model.name == "bad":
        raise RuntimeError("Interpreter invocation failed.")
    return (), {}
jobs = [{"model": name, "custom": "", "inputs": "x", "mode": "reset_each", "framework": framework}
        for name, framework in (("good", "tflm"), ("bad", "tflm"), ("bad", "tflite"))]
for answer, _ in run_jobs({"jobs": jobs}, {"x": None}, run):
    print(answer.get("error", "-"))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_desktop_tflm_says_why(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", WORKER], stdout=subprocess.PIPE, stderr=log, text=True,
            check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
    good, bad, other = done.stdout.splitlines()
    assert good == "-"
    assert bad == "RuntimeError: Interpreter invocation failed (no kernel for BOOL)"
    assert other == "RuntimeError: Interpreter invocation failed."
