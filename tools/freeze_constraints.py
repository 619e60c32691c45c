"""Writes constraints.txt: the exact versions of the Python packages in the environment it runs in.

    make constraints

installs the newest versions that pyproject.toml allows into a new environment and runs this there.
`make setup` installs the versions of the file, so a run tomorrow has the packages that the figures
of today were measured with.
"""

import re
import subprocess
import sys
from pathlib import Path

HEAD = """\
# The versions of all Python packages that this project was measured with; `make setup` installs
# these. Renew with `make constraints`, then `make test`, and commit both together.
"""
# the project itself, and what was installed from a path of this machine
NOT_FROM_A_REGISTRY = re.compile(r"^(-e |#)|@ file:|^tflm[-_]hil\b", re.IGNORECASE)


def constraints(frozen: str) -> str:
    """The text of the file, from what `pip freeze` prints."""
    lines = [line for line in frozen.splitlines() if line and not NOT_FROM_A_REGISTRY.search(line)]
    return HEAD + "".join(f"{line}\n" for line in sorted(lines, key=str.lower))


def main() -> None:
    """Freezes this interpreter's environment into the file named on the command line."""
    # --all: pip and setuptools, too, which build the package
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "freeze", "--all"]
    frozen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    Path(sys.argv[1]).write_text(constraints(frozen), encoding="utf-8")


if __name__ == "__main__":
    main()
