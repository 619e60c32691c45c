"""`make cases`: each script's first comment and what came of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tflm_hil.paths import REPOSITORY

TOOL = REPOSITORY / "tools" / "run-cases"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False
    )


def test_each_case_runs_with_the_checkout_and_a_traceback_is_counted(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "common.sh").write_text("# not a case\nHERE=$MAIN\n")
    source = '. "$(dirname "$0")/common.sh"\n'
    (scripts / "a.sh").write_text(f"#!/bin/bash\n# It says where it is.\n{source}echo in $HERE\n")
    (scripts / "b.sh").write_text(f"# It breaks.\n{source}{sys.executable} -c 'open(1/0)'\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "== a: It says where it is.\n" in done.stdout
    assert f"   in {REPOSITORY}\n   -> exit code 0, " in done.stdout
    assert "== b: It breaks.\n" in done.stdout
    assert "-> exit code 1, a traceback, " in done.stdout
    assert "not a case" not in done.stdout
    assert done.stdout.endswith("2 cases, 1 with a traceback or without an end\n")
    assert run(tmp_path, "a").returncode == 0


def test_no_folder_and_no_case(tmp_path: Path) -> None:
    assert run().returncode == run(tmp_path / "nowhere").returncode == run(tmp_path).returncode == 2
