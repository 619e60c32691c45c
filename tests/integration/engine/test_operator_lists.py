"""Which operators there are is asked of the wheel: no list can be wrong about it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tflm_hil.models.tflite.lints.engines import TFLM, builtin

ROOT = Path(__file__).parents[3]
README = ROOT / "firmware" / "engine" / "builtin" / "README.md"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Every built-in operator of the schema, and whether the wheel has it."""
    path = tmp_path_factory.mktemp("wheel") / "operators.json"
    subprocess.run(
        [sys.executable, "-m", "tests.integration.engine.wheel_worker", "operators", path],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    answers: dict[str, bool] = json.loads(path.read_text())
    assert len(answers) > 150
    return answers


def test_the_builtin_engine_has_all_operators_of_the_wheel(wheel: dict[str, bool]) -> None:
    assert builtin() == {name for name, there in wheel.items() if there}


def test_the_list_for_tflm_is_the_wheels(wheel: dict[str, bool]) -> None:
    assert {name for name, there in wheel.items() if there} == TFLM


def test_what_the_readme_calls_missing_is_missing(wheel: dict[str, bool]) -> None:
    text = README.read_text(encoding="utf-8")
    paragraph = text[text.index("**What is not here**") :].split("\n\n")[0]
    named = set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", paragraph)) & set(wheel)
    assert {"TILE", "REDUCE_ANY", "SELECT"} <= named
    assert [name for name in named if wheel[name]] == []
