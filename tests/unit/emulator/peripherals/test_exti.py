"""EXTI keeps its settings."""

from __future__ import annotations

from tflm_hil.emulator.bus import ResetReason

from tests.unit.emulator.peripherals.fake_bus import Chip

EXTI = 0x4001_3C00


def test_settings_stay_until_reset() -> None:
    chip = Chip()
    chip.write(EXTI, 1 << 13)
    assert chip.read(EXTI) == 1 << 13
    assert chip.bus.findings == []
    chip.reset(ResetReason.PIN)
    assert chip.read(EXTI) == 0


def test_software_interrupts_are_not_modelled() -> None:
    chip = Chip()
    chip.write(EXTI + 0x10, 1)
    assert chip.bus.rules == ["not-modelled"]
