"""Small bare-metal programs, built with the Arm compiler and run on an in-process machine."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from tflm_hil.emulator.host_line import HostLine
from tflm_hil.emulator.machine import Machine
from tflm_hil.emulator.wiring import EmulatedBoard

from tests.support.emulated_boards import NUCLEO

FIRMWARE = Path(__file__).parents[1] / "integration" / "emulator" / "firmware"
SHARED = 0x20000000
TEST_CASE, DONE, STARTS, ARGUMENT = (SHARED + 4 * word for word in (60, 61, 62, 63))
FLAGS = [
    *("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
    *("-O2", "-g", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror"),
    "-fno-tree-loop-distribute-patterns",
    "--param=min-pagesize=0",  # address 0 is memory like any other
]


class Program:
    """A test program as its ELF; `symbols` are addresses without the Thumb bit."""

    def __init__(self, elf: Path) -> None:
        self.elf = elf
        with elf.open("rb") as file:
            image = ELFFile(file)
            self.segments = [
                (segment["p_paddr"], segment.data())
                for segment in image.iter_segments()
                if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
            ]
            table = image.get_section_by_name(".symtab")
            self.symbols = {s.name: s["st_value"] & ~1 for s in table.iter_symbols()}


def build_program(name: str, directory: Path, *options: str) -> Program:
    """Compile `firmware/<name>.c`, with more compiler options if any."""
    compiler = shutil.which("arm-none-eabi-gcc")
    assert compiler, "arm-none-eabi-gcc is missing: see system-packages.txt"
    elf = directory / f"{name}.elf"
    sources = [FIRMWARE / "start.c", FIRMWARE / f"{name}.c"]
    layout: list[str | Path] = ["-T", FIRMWARE / "layout.ld"]
    subprocess.run([compiler, *FLAGS, *options, *layout, *sources, "-o", elf], check=True)
    return Program(elf)


class Board:
    """A machine with a program in flash."""

    def __init__(
        self, program: Program, wiring: EmulatedBoard = NUCLEO, line: HostLine | None = None
    ) -> None:
        self.program = program
        self.machine = Machine(wiring, line)
        for address, data in program.segments:
            offset = address - 0x08000000
            self.machine.memory.flash[offset : offset + len(data)] = data
        self.machine.set_reset_line(True)
        self.machine.set_reset_line(False)

    def word(self, address: int) -> int:
        return self.machine.memory.read_word(address)

    def out(self, index: int) -> int:
        return self.word(SHARED + 4 * index)

    def outs(self, count: int) -> list[int]:
        return list(struct.unpack(f"<{count}I", self.machine.memory.read(SHARED, 4 * count)))

    def prepare(self, test_case: int, argument: int = 0) -> None:
        for address, value in ((TEST_CASE, test_case), (DONE, 0), (ARGUMENT, argument)):
            self.machine.memory.write(address, value.to_bytes(4, "little"))

    def run(self, test_case: int, argument: int = 0, timeout_s: float = 10) -> None:
        """Start the core and wait until the program is done."""
        self.prepare(test_case, argument)
        self.machine.start()
        self.wait(lambda: self.word(DONE) == 0xD0E, timeout_s)

    def wait(
        self,
        condition: Callable[[], bool],
        timeout_s: float = 10,
        progress: Callable[[], int] = lambda: 0,
    ) -> None:
        """Until `condition`; fails when that takes `timeout_s` in which `progress` stands still."""
        deadline = time.monotonic() + timeout_s
        seen = progress()
        while not condition():
            if (now := progress()) != seen:
                seen, deadline = now, time.monotonic() + timeout_s
            if self.machine.failure is not None:
                raise self.machine.failure
            if time.monotonic() > deadline:
                with self.machine.paused():
                    pytest.fail(f"not done in {timeout_s} s: {self.machine.report()}")
            time.sleep(0.001)

    def rules(self) -> set[str]:
        return {finding["rule"] for finding in self.machine.findings.as_json()}


MakeBoard = Callable[[str], Board]
