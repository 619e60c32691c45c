"""Runs are killed at moments of their own; nothing is lost, doubled, changed or left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tflm_hil.paths import REPOSITORY

KILLS = os.environ.get("HIL_KILLS", "")


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="HIL_KILLS=N kills N runs, a few seconds each")
def test_killed_runs_leave_their_results_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, str(REPOSITORY / "tools" / "kill_runs.py"), "--kills", KILLS]
    command += ["--sequences", "20", "--folder", str(tmp_path / "kills")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
