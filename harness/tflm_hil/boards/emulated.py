"""The boards that the emulator can be, by the name that a board file gives in `emulator.board`."""

from __future__ import annotations

from tflm_hil.emulator.wiring import Console, EmulatedBoard, Pin
from tflm_hil.errors import UnknownBoard

EMULATED_BOARDS = {
    board.id: board
    for board in (
        # UM1974, 6.8.1 and 6.9: the ST-LINK's clock output and its virtual COM port.
        EmulatedBoard(
            id="nucleo-f746zg",
            product="NUCLEO-F746ZG",
            uid_prefix="EMU-F746ZG",
            hse_hz=8_000_000,
            hse_is_crystal=False,
            console=Console("USART3", transmit=Pin("D", 8), receive=Pin("D", 9), function=7),
        ),
        # UM1907: crystal X2, and the ST-LINK's virtual COM port.
        EmulatedBoard(
            id="disco-f746ng",
            product="32F746GDISCOVERY",
            uid_prefix="EMU-F746NG",
            hse_hz=25_000_000,
            hse_is_crystal=True,
            console=Console("USART1", transmit=Pin("A", 9), receive=Pin("B", 7), function=7),
        ),
    )
}


def emulated_board(name: str) -> EmulatedBoard:
    """The board of this name. Raises UnknownBoard, listing the others."""
    try:
        return EMULATED_BOARDS[name]
    except KeyError:
        raise UnknownBoard(
            f"the emulator cannot be a {name}",
            remedy=f"set emulator.board to one of {', '.join(EMULATED_BOARDS)}",
        ) from None
