"""From an address of the running firmware to the source line, for fault reports."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tflm_hil.firmware_build.toolchain import TOOL_PREFIX, find_tool

# The Code region of the memory map (ARMv7-M Architecture Reference Manual, B3.1); the symbols
# above it are of data.
_CODE_END = 0x2000_0000


def addr2line(elf: Path, pc: int) -> str:
    """What stands at a code address, "function at file:line"; bit 0, the Thumb bit, is ignored.

    A library without line information (TFLM's) gives "function (no source line)", an address
    outside of the code "0x… (no source line)".
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
    known = result.returncode == 0 and len(lines) >= 2 and not lines[0].startswith("??")
    if not known or pc >= _CODE_END:
        return f"{pc:#010x} (no source line)"
    if lines[1].startswith("??"):
        return f"{lines[0].split('(')[0]} (no source line)"
    # The innermost of the inlined functions comes first; " (discriminator 2)" says nothing here.
    function, place = lines[0], lines[1].split(" (discriminator")[0].removeprefix("./")
    return f"{function} at {place}"
