"""The USARTs of the chip, a row each: all that tells one from another.

Sources: RM0385, 2.2.2 (addresses), 5.3 (RCC), 8.3.3 (DMA request mapping), 10.1.2 (vectors);
DS10916, table of the pins' alternate functions.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.emulator.wiring import EmulatedBoard, Pin
from tflm_hil.errors import EmulatorError


@dataclass(frozen=True)
class DmaRoute:
    """A DMA stream that can serve a request, and the channel that selects it."""

    controller: str
    stream: int
    channel: int


@dataclass(frozen=True)
class UsartRow:
    """What is particular to one USART."""

    name: str
    base: int
    irq: int
    apb: int
    """The bus that it is on, 1 or 2, which is also its kernel clock after reset."""
    enable_bit: int
    """Of RCC_APBxENR and RCC_APBxRSTR."""
    clock_select_bit: int
    """The lower bit of its field in RCC_DCKCFGR2."""
    receive_routes: tuple[DmaRoute, ...]
    transmit_routes: tuple[DmaRoute, ...]
    function: int
    """The alternate function of its pins."""
    transmit_pins: tuple[Pin, ...]
    receive_pins: tuple[Pin, ...]


def _row(  # noqa: PLR0913 - the columns of the table below
    name: str,
    base: int,
    irq: int,
    *,
    apb: int,
    enable: int,
    select: int,
    dma: tuple[str, str, str],
    function: int,
    transmit: str,
    receive: str,
) -> UsartRow:
    """`dma` is the controller, then stream.channel of the receive and of the transmit request."""
    controller, receive_routes, transmit_routes = dma

    def routes(text: str) -> tuple[DmaRoute, ...]:
        pairs = (pair.split(".") for pair in text.split())
        return tuple(DmaRoute(controller, int(stream), int(channel)) for stream, channel in pairs)

    def pins(text: str) -> tuple[Pin, ...]:
        return tuple(map(Pin.parse, text.split()))

    return UsartRow(
        name=name,
        base=base,
        irq=irq,
        apb=apb,
        enable_bit=enable,
        clock_select_bit=select,
        receive_routes=routes(receive_routes),
        transmit_routes=routes(transmit_routes),
        function=function,
        transmit_pins=pins(transmit),
        receive_pins=pins(receive),
    )


USARTS: dict[str, UsartRow] = {
    row.name: row
    for row in (
        _row("USART1", 0x4001_1000, 37, apb=2, enable=4, select=0, dma=("DMA2", "2.4 5.4", "7.4"),
             function=7, transmit="PA9 PB6", receive="PA10 PB7"),
        _row("USART2", 0x4000_4400, 38, apb=1, enable=17, select=2, dma=("DMA1", "5.4", "6.4"),
             function=7, transmit="PA2 PD5", receive="PA3 PD6"),
        _row("USART3", 0x4000_4800, 39, apb=1, enable=18, select=4, dma=("DMA1", "1.4", "3.4 4.7"),
             function=7, transmit="PB10 PC10 PD8", receive="PB11 PC11 PD9"),
        _row("UART4", 0x4000_4C00, 52, apb=1, enable=19, select=6, dma=("DMA1", "2.4", "4.4"),
             function=8, transmit="PA0 PC10", receive="PA1 PC11"),
        _row("UART5", 0x4000_5000, 53, apb=1, enable=20, select=8, dma=("DMA1", "0.4", "7.4"),
             function=8, transmit="PC12", receive="PD2"),
        _row("USART6", 0x4001_1400, 71, apb=2, enable=5, select=10,
             dma=("DMA2", "1.5 2.5", "6.5 7.5"),
             function=8, transmit="PC6 PG14", receive="PC7 PG9"),
        _row("UART7", 0x4000_7800, 82, apb=1, enable=30, select=12, dma=("DMA1", "3.5", "1.5"),
             function=8, transmit="PE8 PF7", receive="PE7 PF6"),
        _row("UART8", 0x4000_7C00, 83, apb=1, enable=31, select=14, dma=("DMA1", "6.5", "0.5"),
             function=8, transmit="PE1", receive="PE0"),
    )
}  # fmt: skip
"""By name, in the order of the manual."""


def console_row(board: EmulatedBoard) -> UsartRow:
    """The row of the board's console. Raises EmulatorError if the chip cannot be wired so."""
    console = board.console
    row = USARTS.get(console.usart)
    if row is None:
        raise EmulatorError(
            f"the console of {board.id} is {console.usart}, which an STM32F746 has not got",
            remedy=f"name one of {', '.join(USARTS)}",
        )
    for signal, pin, pins in (
        ("TX", console.transmit, row.transmit_pins),
        ("RX", console.receive, row.receive_pins),
    ):
        if pin not in pins or console.function != row.function:
            raise EmulatorError(
                f"the console of {board.id} has {row.name}_{signal} on {pin} in "
                f"AF{console.function}, where the chip cannot bring it",
                remedy=f"use {' or '.join(map(str, pins))}, in AF{row.function}",
            )
    return row
