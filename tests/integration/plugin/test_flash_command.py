"""`hil flash`: what the checks before flashing refuse stays off the board."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tflm_hil.paths import REPOSITORY

from tests.integration.plugin.conftest import BOARD
from tests.support.tiny_models import add
from tests.unit.run.test_preflight import HYBRID


def test_a_model_with_an_error_is_left_out_and_named(tmp_path: Path) -> None:
    hybrid, sound = tmp_path / "hybrid.tflite", tmp_path / "sound.tflite"
    hybrid.write_bytes(HYBRID + os.urandom(2000))  # never seen by the emulated flash
    sound.write_bytes(add(4) + os.urandom(16))
    done = subprocess.run(
        [sys.executable, "-m", "tflm_hil.commands.main", "flash", "--board", BOARD,
         "--hil-model", f"{hybrid},{sound}"],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "hybrid: not flashed (hybrid)" in done.stderr
    flashed = re.search(r"models ([\d,]+) B", done.stdout)
    assert flashed is not None, done.stdout
    assert sound.stat().st_size <= int(flashed[1].replace(",", "")) < hybrid.stat().st_size
