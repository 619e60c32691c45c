"""What the objects of a static library say of the machine that they were compiled for.

The build attributes of Arm objects (ABI for the Arm Architecture, "Addenda", section 3.3) are
read with `readelf -A`, all members at once; symbols with `nm`.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tflm_hil.firmware_build.core import Core
from tflm_hil.firmware_build.toolchain import TOOL_PREFIX, find_tool

_ARM = "ARM"
_DESKTOP_NM = ("nm", "binutils")
_GOALS = {"Speed": "for speed (-O2)", "Aggressive Speed": "for speed (-O2 or -O3)"} | {
    "Size": "for size",
    "Aggressive Size": "for size (-Os)",
    "Debug": "for debugging",
}


@dataclass(frozen=True)
class ArchiveFacts:
    """`attributes`: of each member that has any, with its name. `machine` as readelf names it."""

    machine: str
    attributes: tuple[tuple[str, dict[str, str]], ...]
    compiler: str
    symbols: frozenset[str]

    @property
    def core(self) -> str:
        """Architecture, FPU and float ABI ("v7E-M, FPv5 SP only, hard float"), or the machine."""
        if not self.attributes:
            return self.machine
        first = self.attributes[0][1]
        unit = first.get("FP_arch", "no FPU").split("/")[0]
        precision = " SP only" if first.get("ABI_HardFP_use") == "SP only" else ""
        hard = "hard" if first.get("ABI_VFP_args") == "VFP registers" else "soft"
        return f"{first.get('CPU_arch', '?')}, {unit}{precision}, {hard} float ABI"

    @property
    def optimisation(self) -> str:
        """How many members were optimised for what."""
        goals = Counter(item.get("ABI_optimization_goals", "") for _, item in self.attributes)
        del goals[""]
        return ", ".join(f"{n} {_GOALS.get(goal, goal)}" for goal, n in goals.most_common())


@dataclass(frozen=True)
class Misfit:
    """Why a library cannot be linked. `distance`: 0 for a detail, 2 for another machine."""

    what: str
    remedy: str
    distance: int


def read_archive(library: Path) -> ArchiveFacts:
    """Raises ToolchainMissing without binutils. A file that is not an archive has no machine."""
    readelf = find_tool(f"{TOOL_PREFIX}readelf", "binutils-arm-none-eabi")
    # -W -h of all members would be long; -A prints nothing for machines that are not Arm.
    text = _run(readelf, "-A", library)
    header = _run(readelf, "-h", library)
    machine = re.search(r"^ *Machine: *(.*)$", header, re.MULTILINE)
    comment = _run(readelf, "-p", ".comment", library)
    compiler = re.search(r"\] +(\S.*)$", comment, re.MULTILINE)
    is_arm = machine is not None and machine[1].strip() == _ARM
    nm = find_tool(*((f"{TOOL_PREFIX}nm", "binutils-arm-none-eabi") if is_arm else _DESKTOP_NM))
    symbols = _run(nm, "--defined-only", "--format=posix", library)
    return ArchiveFacts(
        machine=machine[1].strip() if machine else "",
        attributes=tuple(_attributes(text)),
        compiler=compiler[1].strip() if compiler else "",
        symbols=frozenset(line.split(" ", 1)[0] for line in symbols.splitlines()),
    )


def misfit(facts: ArchiveFacts, core: Core | None) -> Misfit | None:
    """None if it fits `core` or, with None, this desktop."""
    if not facts.machine:
        return Misfit("is not a library of ELF objects.", "build it again", 1)
    if core is None:
        return _host_misfit(facts)
    remedy = f"build it with {core.make_arguments}"
    if facts.machine != _ARM:
        return Misfit(f"is compiled for {facts.machine}, not for Arm.", remedy, 2)
    for member, item in facts.attributes:
        problem = _member_misfit(member, item, core, remedy)
        if problem is not None:
            return problem
    return None


def _member_misfit(member: str, item: dict[str, str], core: Core, remedy: str) -> Misfit | None:
    arch = item.get("CPU_arch", "")
    unit = item.get("FP_arch", "")
    if arch != core.architecture:
        return Misfit(
            f"is compiled for another core: {member} for architecture {arch or 'unknown'}, "
            f"the {core.title} has {core.architecture}.",
            remedy,
            1,
        )
    in_registers = item.get("ABI_VFP_args") == "VFP registers"
    if in_registers != (core.float_abi == "hard"):
        kind = "hard" if in_registers else "softfp" if unit else "soft-float"
        return Misfit(
            f"has the wrong float ABI: {member} passes floats in "
            f"{'FPU' if in_registers else 'core'} registers ({kind}), the firmware is compiled "
            f"with -mfloat-abi={core.float_abi}.",
            remedy,
            0,
        )
    if unit and not (core.unit and unit.startswith(core.unit)):
        return Misfit(
            f"is compiled for another core: {member} for the FPU {unit}; the {core.title} of this "
            f"board has {core.unit or 'none'}.",
            remedy,
            1,
        )
    if unit and core.single_precision and item.get("ABI_HardFP_use") != "SP only":
        return Misfit(
            f"uses a double-precision FPU ({member}); the {core.title} of this board has single "
            "precision only, and the first double instruction would be a UsageFault.",
            f"pass FPU={core.fpu} to upstream's make, besides {core.make_target}: without it the "
            "compiler takes the core with double precision",
            0,
        )
    return None


def _host_misfit(facts: ArchiveFacts) -> Misfit | None:
    shell = Path("/proc/self/exe")
    own = _run(find_tool(f"{TOOL_PREFIX}readelf", "binutils-arm-none-eabi"), "-h", shell)
    machine = re.search(r"^ *Machine: *(.*)$", own, re.MULTILINE)
    if machine and machine[1].strip() != facts.machine:
        return Misfit(
            f"is compiled for {facts.machine}, this desktop is {machine[1].strip()}.",
            "build one without TARGET= and TARGET_ARCH=, for the posix board",
            2,
        )
    return None


def _attributes(text: str) -> list[tuple[str, dict[str, str]]]:
    """Per member, from the output of `readelf -A ARCHIVE`: tags without "Tag_"."""
    members: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        if line.startswith("File:"):
            name = line.rsplit("(", 1)[-1].rstrip(")")
            members.append((name, {}))
        elif members and (match := re.match(r"  Tag_(\w+): (.*)", line)):
            members[-1][1][match[1]] = match[2].strip('"')
    return [member for member in members if member[1]]


def _run(tool: str, *arguments: object) -> str:
    result = subprocess.run(
        [tool, *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=120,
    )
    return result.stdout
