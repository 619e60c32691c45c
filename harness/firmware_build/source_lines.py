"""From an address of the running firmware to the source line, for fault reports."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.firmware_build.toolchain import TOOL_PREFIX, find_tool


def addr2line(elf: Path, pc: int) -> str:
    """ "function at file:line" of a code address (bit 0, the Thumb bit, is ignored).

    An address without line information gives "0x… (no source line)".
    Raises ToolchainMissing if binutils are not installed.
    """
    tool = find_tool(f"{TOOL_PREFIX}addr2line", "binutils-arm-none-eabi")
    result = subprocess.run(
        [tool, "--exe", str(elf), "--functions", "--demangle", "--inlines", hex(pc & ~1)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = result.stdout.splitlines()
    if result.returncode != 0 or len(lines) < 2 or lines[1].startswith("??"):
        return f"{pc:#010x} (no source line)"
    # The innermost of the inlined functions comes first; " (discriminator 2)" says nothing here.
    function, place = lines[0], lines[1].split(" (discriminator")[0].removeprefix("./")
    return f"{function} at {place}"
