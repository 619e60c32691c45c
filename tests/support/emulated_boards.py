"""Two boards for tests of the emulator: one with a clock that comes in, one with a crystal."""

from __future__ import annotations

from tflm_hil.emulator.wiring import Console, EmulatedBoard, Pin

NUCLEO = EmulatedBoard(
    id="nucleo-f746zg",
    product="NUCLEO-F746ZG",
    uid_prefix="EMU-F746ZG",
    hse_hz=8_000_000,
    hse_is_crystal=False,
    console=Console("USART3", transmit=Pin("D", 8), receive=Pin("D", 9), function=7),
)
DISCO = EmulatedBoard(
    id="disco-f746ng",
    product="32F746GDISCOVERY",
    uid_prefix="EMU-F746NG",
    hse_hz=25_000_000,
    hse_is_crystal=True,
    console=Console("USART1", transmit=Pin("A", 9), receive=Pin("B", 7), function=7),
)
