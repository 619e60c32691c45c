"""The constraints file: packages of a registry with their versions, and nothing of this machine."""

import re
import tomllib
from pathlib import Path

from tools.freeze_constraints import constraints

ROOT = Path(__file__).parents[3]

FROZEN = """\
# Editable Git install with no remote (tflm-hil==0.1.0)
-e /home/somebody/tflm-hil
numpy==2.4.6
Pygments==2.21.0
local @ file:///home/somebody/local.whl
tflm-hil==0.1.0
"""


def test_only_what_a_registry_has_is_kept() -> None:
    lines = constraints(FROZEN).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "numpy==2.4.6",
        "Pygments==2.21.0",
    ]


def test_every_version_of_the_committed_file_is_exact() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    packages = [line for line in lines if not line.startswith("#")]
    assert len(packages) > 50
    assert [line for line in packages if not re.fullmatch(r"[\w.-]+==[\w.+!]+", line)] == []


def test_what_the_project_requires_is_in_the_committed_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in required}
    lines = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    assert len(names) > 15
    assert names <= {line.split("==")[0] for line in lines}
