"""Keras files of strangers: what they name is not run, whatever they look like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tflm_hil.paths import IMPORT_ROOT, REPOSITORY

from tests.support import hostile_keras


def test_no_file_runs_what_it_names(tmp_path: Path) -> None:
    """In one process, as TensorFlow takes long to import."""
    paths = os.pathsep.join([str(IMPORT_ROOT), str(REPOSITORY)])
    done = subprocess.run(
        [sys.executable, "-m", hostile_keras.__name__, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(found) == 80
    assert [name for name, ran, _ in found if ran] == []
    refused = ("ModelFileError", "CustomClassError")
    assert [(name, said) for name, _, said in found if not said.startswith(refused)] == []
    lambdas = [said for name, _, said in found if name.startswith("lambda")]
    assert all("Lambda" in said for said in lambdas)
    keras2 = [said for name, _, said in found if "-2.15" in name and not name.startswith("lambda")]
    assert all("is no part of a network" in said for said in keras2), keras2
