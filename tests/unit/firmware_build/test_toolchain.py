"""Missing tools are named, with the Debian package that has them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tflm_hil.errors import ToolchainMissing
from tflm_hil.firmware_build.toolchain import find_toolchain

PACKAGES = Path(__file__).parents[3] / "system-packages.txt"


def only_these_on_path(monkeypatch: pytest.MonkeyPatch, directory: Path, *tools: str) -> None:
    for tool in tools:
        path = shutil.which(tool)
        assert path is not None
        (directory / tool).symlink_to(path)
    monkeypatch.setenv("PATH", str(directory))


@pytest.mark.parametrize(
    ("present", "missing", "package"),
    [
        ((), "cmake", "cmake"),
        (("cmake",), "ninja", "ninja-build"),
        (("cmake", "ninja"), "arm-none-eabi-gcc", "gcc-arm-none-eabi"),
    ],
)
def test_names_the_tool_the_package_and_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    present: tuple[str, ...],
    missing: str,
    package: str,
) -> None:
    only_these_on_path(monkeypatch, tmp_path, *present)
    with pytest.raises(ToolchainMissing) as raised:
        find_toolchain("nucleo_f746zg")
    assert missing in raised.value.what
    assert f"apt-get install {package}" in raised.value.remedy
    assert "make demo" in raised.value.remedy


def test_every_package_named_is_one_that_make_installs() -> None:
    from tflm_hil.firmware_build import toolchain

    listed = {line.split()[0] for line in PACKAGES.read_text().splitlines() if line[:1].isalpha()}
    named = {*toolchain._COMMON.values(), *toolchain._ARM.values(), *toolchain._DESKTOP.values()}
    assert named <= listed


def test_finds_the_installed_toolchain_and_its_version() -> None:
    toolchain = find_toolchain("nucleo_f746zg")
    assert toolchain.cxx.endswith("arm-none-eabi-g++")
    assert toolchain.cxx_version.startswith("arm-none-eabi-g++")
