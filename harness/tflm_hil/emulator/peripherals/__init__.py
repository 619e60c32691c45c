"""The on-chip peripherals of the STM32F746 behind `tflm_hil.emulator.bus`.

    from tflm_hil.emulator.peripherals import UartPort, build

    console = UartPort(line)                    # a `tflm_hil.emulator.host_line.HostLine`
    peripherals = build(bus, board, console)    # then reset() each: they start like that
    console.collect()                           # what the host has sent goes on the wire

Models are strict teachers: what would fail on silicon becomes a finding (`Bus.finding`), and a
feature that is not modelled says so instead of pretending.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflm_hil.emulator.bus import Bus, Peripheral
from tflm_hil.emulator.host_line import Unplugged
from tflm_hil.emulator.peripherals.crc import Crc
from tflm_hil.emulator.peripherals.dma import Dma
from tflm_hil.emulator.peripherals.exti import Exti
from tflm_hil.emulator.peripherals.gates import Gates
from tflm_hil.emulator.peripherals.gpio import Gpio
from tflm_hil.emulator.peripherals.pins import ConsolePins, Outlet, Route, UnwiredPins
from tflm_hil.emulator.peripherals.port import LineCounters, UartPort
from tflm_hil.emulator.peripherals.pwr import Pwr
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.syscfg import Syscfg
from tflm_hil.emulator.peripherals.timer import TIMERS, Timer
from tflm_hil.emulator.peripherals.unmodelled import unmodelled
from tflm_hil.emulator.peripherals.usart import Usart
from tflm_hil.emulator.peripherals.usart_table import USARTS, UsartRow, console_row
from tflm_hil.emulator.peripherals.watchdogs import Iwdg, Wwdg
from tflm_hil.emulator.wiring import EmulatedBoard, Pin

__all__ = ["LineCounters", "Rcc", "UartPort", "build"]


def build(bus: Bus, board: EmulatedBoard, console: UartPort) -> list[Peripheral]:
    """All peripherals, wired as on `board`; `console` is the port of the USART with the tty.

    Reset them in this order. RCC is the first. Raises EmulatorError for a console that the chip
    cannot have.
    """
    gates = Gates()
    pwr = Pwr(bus, gates["PWR"])
    rcc = Rcc(bus, gates, pwr, board)
    ports = {port: Gpio(bus, port, gates[f"GPIO{port}"]) for port in "ABCDEFGHIJK"}
    usarts = _usarts(bus, board, console, rcc, ports)
    requests = [request for usart in usarts for request in usart.dma_requests]
    controllers = [Dma(bus, name, gates[name], requests) for name in ("DMA1", "DMA2")]
    devices = [
        *(pwr, *ports.values(), *usarts, *controllers, Syscfg(bus, gates["SYSCFG"])),
        *(Timer(bus, name, rcc) for name in TIMERS),
        *(Iwdg(bus, rcc), Wwdg(bus, rcc), Crc(bus, gates["CRC"]), Exti(bus)),
        *unmodelled(bus, gates),
    ]
    for device in devices:
        rcc.attach(device)
    return [rcc, *devices]


def _usarts(
    bus: Bus, board: EmulatedBoard, console: UartPort, rcc: Rcc, ports: Mapping[str, Gpio]
) -> list[Usart]:
    """Every USART with its pins: the board's console leads to the host, the others nowhere."""

    def route(pin: Pin, function: int) -> Route:
        return Route(ports[pin.port], pin.number, function)

    def outlet(row: UsartRow) -> Outlet:
        if row is not with_tty:
            transmit = tuple(route(pin, row.function) for pin in row.transmit_pins)
            return UnwiredPins(bus, row.name, transmit, board)
        wired = board.console
        pins = (route(pin, wired.function) for pin in (wired.transmit, wired.receive))
        return ConsolePins(bus, row.name, *pins)

    with_tty = console_row(board)
    return [
        Usart(bus, row, rcc, console if row is with_tty else UartPort(Unplugged()), outlet(row))
        for row in USARTS.values()
    ]
