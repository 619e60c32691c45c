"""Turns the output of a failed build into the error that a person can act on."""

from __future__ import annotations

import re
from pathlib import Path

from tflm_hil.errors import FirmwareBuildError, FirmwareError, FirmwareTooBig, ToolchainMissing

_OVERFLOW = re.compile(r"region [`'](?P<region>\w+)' overflowed by (?P<bytes>\d+) bytes?")
# Assertions of the linker script, each with what can be done.
_SQUEEZED = {
    "the tensor arena has less than": "shrink the .sram buffers",
    "DTCM has less than": "shrink the buffers there, or move them to .sram",
}
_ASSERTION = re.compile(rf"ld: (?P<sentence>(?P<what>{'|'.join(_SQUEEZED)}) .*)")
# A header in angle brackets without a folder is the compiler's own: with or without ".h".
_NO_HEADER = re.compile(r"fatal error: (?P<header>[a-z_]+(?P<c>\.h)?): No such file")
_COMPILER = re.compile(r"^\S+?:\d+(:\d+)?: (fatal )?error: .*")
_LINKER = re.compile(
    r".*(undefined reference to|multiple definition of|cannot find -l|ld: error).*"
)
_CMAKE = re.compile(r"^CMake Error.*")
_ERRORS_SHOWN = 4

# What the regions of a board's memory.ld are, and what can be done about a full one.
_REGIONS = {
    "FLASH": ("flash for the firmware", "link fewer operators, or optimise for size"),
    "DTCM": ("DTCM for stack and buffers", "shrink buffers, or move them to .sram"),
    "SRAM1": ("SRAM1 for .sram and the tensor arena", "shrink the .sram buffers"),
    "SRAM2": ("SRAM2 for DMA buffers", "shrink the transmit ring"),
}


def diagnose(output: str, log: Path) -> FirmwareError:
    """The error for a build that failed with this output; `log` is where all of it stands."""
    return _too_big(output, log) or _no_library(output) or _refused(output, log)


def _too_big(output: str, log: Path) -> FirmwareTooBig | None:
    # The linker repeats itself for every section; the last report of a region is the whole excess.
    overflows = {match["region"]: int(match["bytes"]) for match in _OVERFLOW.finditer(output)}
    if overflows:
        region, excess = next(iter(overflows.items()))
        room, remedy = _REGIONS.get(region, (region, "make it smaller"))
        return FirmwareTooBig(
            f"The firmware is too big by {excess} bytes: it does not fit the {room}, "
            f"region {region} of the linker script.",
            remedy=f"{remedy}; the linker's output is in {log}",
        )
    squeezed = _ASSERTION.search(output)
    if squeezed is not None:
        return FirmwareTooBig(
            f"The firmware's static RAM is too big: {squeezed['sentence']}.",
            remedy=f"{_SQUEEZED[squeezed['what']]}; the linker's output is in {log}",
        )
    return None


def _no_library(output: str) -> ToolchainMissing | None:
    missing = _NO_HEADER.search(output)
    if missing is None:
        return None
    package = "libnewlib-arm-none-eabi" if missing["c"] else "libstdc++-arm-none-eabi-newlib"
    return ToolchainMissing(
        f"The Arm compiler is installed without its library: there is no <{missing['header']}>.",
        remedy=f"apt-get install {package}, or run `make demo`, which installs what is missing",
    )


def _refused(output: str, log: Path) -> FirmwareBuildError:
    lines = [line.strip() for line in output.splitlines()]
    first = _first(lines, _COMPILER) or _first(lines, _LINKER) or _with_text(lines, _CMAKE)
    if not first:
        first = [line for line in lines if line][-_ERRORS_SHOWN:]
    return FirmwareBuildError(
        "The firmware does not build:\n    " + "\n    ".join(first),
        remedy=f"read the whole output in {log}",
    )


def _first(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    return [line for line in lines if pattern.match(line)][:_ERRORS_SHOWN]


def _with_text(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    """CMake's message follows on the next lines."""
    for number, line in enumerate(lines):
        if pattern.match(line):
            return [text for text in lines[number : number + 2 * _ERRORS_SHOWN] if text]
    return []
