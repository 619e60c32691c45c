"""The same adapter on the desktop: the engine's contract tests, with a host library of TFLM."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tflm_hil.firmware_build.tflm_tree import TflmTree

FIRMWARE = Path(__file__).parents[3] / "firmware"


def test_contract_of_the_engine(host_tree: TflmTree, tmp_path: Path) -> None:
    variables = {"HIL_ENGINE": "tflm", **host_tree.cmake_variables()}
    settings = [f"-D{name}={value}" for name, value in variables.items()]
    configure = ["cmake", "--preset", "posix", "-B", str(tmp_path), *settings]
    compile_tests = ["cmake", "--build", str(tmp_path), "--target", "engine_test"]
    for command in (
        configure,
        compile_tests,
        [str(tmp_path / "bin" / "engine_test"), "--gtest_brief=1"],
    ):
        done = subprocess.run(command, cwd=FIRMWARE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "PASSED" in done.stdout
