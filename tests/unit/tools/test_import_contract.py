"""The import contract (`.importlinter`) is kept, and it sees what it is there for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def lint_imports(package_dir: Path) -> subprocess.CompletedProcess[str]:
    """`lint-imports` with our contract, on the package that lies in `package_dir`."""
    tool = Path(sys.executable).with_name("lint-imports")
    command: list[str | Path] = [tool, "--no-logo", "--no-cache", ROOT / ".importlinter"]
    environment = os.environ | {"PYTHONPATH": str(package_dir), "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=package_dir, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def package_dir(tmp_path: Path) -> Path:
    """A copy of the package that may be damaged."""
    shutil.copytree(
        ROOT / "harness" / "tflm_hil",
        tmp_path / "tflm_hil",
        ignore=lambda folder, names: [
            name for name in names if not (Path(folder) / name).is_dir() and name[-3:] != ".py"
        ],
    )
    return tmp_path


PLANTED = {
    "link/framing.py": ("from tflm_hil.run import run", "Rooms: imports go down"),
    "link/protocol.py": ("from tflm_hil.models.slot import slot", "The link knows no model"),
    "comparison/metrics.py": ("from tflm_hil.comparison import ladder", "No circles"),
    "options.py": ("import tensorflow", "What pytest loads imports no framework"),
    "emulator/cortex_m7/mpu.py": ("import tflm_hil.emulator.machine", "Emulator:"),
}


def test_each_forbidden_import_breaks_its_contract(package_dir: Path) -> None:
    for module, (line, _) in PLANTED.items():
        damaged = package_dir / "tflm_hil" / module
        damaged.write_text(damaged.read_text() + f"\n\ndef _planted():\n    {line}\n")
    result = lint_imports(package_dir)
    assert result.returncode == 1
    broken = [text for text in result.stdout.splitlines() if " BROKEN" in text]
    for _, contract in PLANTED.values():
        assert any(text.startswith(contract) for text in broken), result.stdout


def test_a_new_room_needs_a_place(package_dir: Path) -> None:
    (package_dir / "tflm_hil" / "drawer.py").write_text('"""Whatever fits nowhere else."""\n')
    result = lint_imports(package_dir)
    assert result.returncode == 1
    assert "drawer" in result.stdout
