"""The tools that a firmware build runs, and the error that says which Debian package is missing."""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass

from tflm_hil.errors import ToolchainMissing

TOOL_PREFIX = "arm-none-eabi-"

# Tool -> Debian package that has it; the packages are those of system-packages.txt.
_COMMON = {"cmake": "cmake", "ninja": "ninja-build"}
_ARM = {
    f"{TOOL_PREFIX}gcc": "gcc-arm-none-eabi",
    f"{TOOL_PREFIX}g++": "gcc-arm-none-eabi",
}
_DESKTOP = {"cc": "gcc", "c++": "g++"}


@dataclass(frozen=True)
class Toolchain:
    """Absolute paths of the tools, and the compiler's own description of its version."""

    cmake: str
    ninja: str
    cxx: str
    cxx_version: str


def find_tool(name: str, package: str) -> str:
    """Absolute path of a tool on PATH.

    Raises ToolchainMissing, naming the Debian package.
    """
    path = shutil.which(name)
    if path is None:
        raise ToolchainMissing(
            f"{name} is not installed; the firmware cannot be built without it.",
            remedy=f"apt-get install {package}, or run `make demo`, which installs what is missing",
        )
    return path


def find_toolchain(board: str) -> Toolchain:
    """All tools for a board's build; the "posix" board is built with the desktop's compiler.

    Raises ToolchainMissing for the first one that is absent.
    """
    compilers = _DESKTOP if board == "posix" else _ARM
    paths = {name: find_tool(name, package) for name, package in (_COMMON | compilers).items()}
    cxx = paths["c++" if board == "posix" else f"{TOOL_PREFIX}g++"]
    return Toolchain(
        cmake=paths["cmake"], ninja=paths["ninja"], cxx=cxx, cxx_version=_version_of(cxx)
    )


@functools.lru_cache
def _version_of(compiler: str) -> str:
    """First line of `--version`."""
    result = subprocess.run(
        [compiler, "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    return result.stdout.splitlines()[0]
