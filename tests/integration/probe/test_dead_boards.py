"""Boards that cannot speak any more: hung, in a fault handler, locked up."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tflm_hil.probe.probe import Probe

FAULT = """
start:  ldr r0, =0x60000000      // no external memory is connected
        ldr r7, =0xCAFE
load:   ldr r1, [r0]
        b start
"""


def symbol(elf: Path, name: str) -> int:
    listing = subprocess.run(
        ["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0], 16) for line in listing.splitlines() if line.endswith(name))


def test_a_hang_with_interrupts_masked(probe: Probe, assemble: Callable[[str], Path]) -> None:
    elf = assemble("start: ldr r4, =0x12345678\n cpsid i\nhang: b hang")
    probe.flash_firmware(elf)
    mortem = probe.post_mortem()
    assert not mortem.locked_up
    assert mortem.exception == 0
    assert mortem.registers["pc"] == symbol(elf, "hang")
    assert mortem.registers["r4"] == 0x12345678


def test_a_hard_fault_names_cause_address_and_line(
    probe: Probe, assemble: Callable[[str], Path]
) -> None:
    elf = assemble(FAULT + "hard_fault: b hard_fault")
    probe.flash_firmware(elf)
    mortem = probe.post_mortem(lambda pc: f"line of {pc:#x}")
    assert mortem.exception == 3
    assert mortem.stacked_pc == symbol(elf, "load")
    assert mortem.fault_address == 0x60000000
    assert [cause.split(":")[0] for cause in mortem.causes] == ["PRECISERR", "FORCED"]
    assert mortem.registers["r7"] == 0xCAFE
    assert f"line of {symbol(elf, 'load'):#x}" in str(mortem)


def test_a_lockup(probe: Probe, assemble: Callable[[str], Path]) -> None:
    elf = assemble(FAULT + "hard_fault: ldr r2, [r0]\n b hard_fault")
    probe.flash_firmware(elf)
    mortem = probe.post_mortem()
    assert mortem.locked_up
    assert "core was locked up" in str(mortem)


def test_a_locked_up_board_can_be_flashed_again(
    probe: Probe, assemble: Callable[[str], Path]
) -> None:
    probe.flash_firmware(assemble(FAULT + "hard_fault: ldr r2, [r0]\n b hard_fault"))
    probe.flash_firmware(assemble("start: movs r5, #5\nhang: b hang"))
    assert probe.post_mortem().registers["r5"] == 5
