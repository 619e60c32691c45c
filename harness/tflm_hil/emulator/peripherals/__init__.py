"""The on-chip peripherals of the STM32F746 behind `tflm_hil.emulator.bus`.

    from tflm_hil.emulator.peripherals import UartPort, build

    port = UartPort(on_transmit=write_to_host)
    peripherals = build(bus, board, port)   # then reset() each: they start like that
    port.host_baud = 921_600                # as the host's tty is set
    port.feed(b"from the host")

Models are strict teachers: what would fail on silicon becomes a finding (`Bus.finding`), and a
feature that is not modelled says so instead of pretending.
"""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus, Peripheral
from tflm_hil.emulator.peripherals.crc import Crc
from tflm_hil.emulator.peripherals.dma import Dma
from tflm_hil.emulator.peripherals.exti import Exti
from tflm_hil.emulator.peripherals.gates import Gates
from tflm_hil.emulator.peripherals.gpio import Gpio
from tflm_hil.emulator.peripherals.pins import Route
from tflm_hil.emulator.peripherals.port import LineCounters, UartPort
from tflm_hil.emulator.peripherals.pwr import Pwr
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.syscfg import Syscfg
from tflm_hil.emulator.peripherals.timer import TIMERS, Timer
from tflm_hil.emulator.peripherals.unmodelled import unmodelled
from tflm_hil.emulator.peripherals.usart import Usart, Wiring
from tflm_hil.emulator.peripherals.usart_registers import USARTS
from tflm_hil.emulator.peripherals.watchdogs import Iwdg, Wwdg
from tflm_hil.emulator.wiring import EmulatedBoard
from tflm_hil.errors import EmulatorError

__all__ = ["LineCounters", "Rcc", "UartPort", "build"]


def build(bus: Bus, board: EmulatedBoard, uart_port: UartPort) -> list[Peripheral]:
    """All peripherals, wired as on `board`; `uart_port` is the host's end of its console.

    Reset them in this order. RCC is the first. Raises EmulatorError for a console that the chip
    has not got.
    """
    console = board.console
    if console.usart not in USARTS:
        raise EmulatorError(
            f"the console of {board.id} is {console.usart}, which an STM32F746 has not got",
            remedy=f"name one of {', '.join(USARTS)}",
        )
    gates = Gates()
    pwr = Pwr(bus, gates["PWR"])
    rcc = Rcc(bus, gates, pwr, board)
    ports = {port: Gpio(bus, port, gates[f"GPIO{port}"]) for port in "ABCDEFGHIJK"}
    controllers = [Dma(bus, name, gates[name]) for name in ("DMA1", "DMA2")]
    transmit, receive = (
        Route(ports[pin.port], pin.number, console.function)
        for pin in (console.transmit, console.receive)
    )
    usarts = []
    for name in USARTS:
        connected = name == console.usart
        usart = Usart(
            bus,
            name,
            rcc,
            uart_port if connected else UartPort(),
            Wiring(transmit, receive) if connected else Wiring(),
        )
        for controller in controllers:
            controller.connect(usart)
        usarts.append(usart)
    devices = [
        *(pwr, *ports.values(), *usarts, *controllers, Syscfg(bus, gates["SYSCFG"])),
        *(Timer(bus, name, rcc) for name in TIMERS),
        *(Iwdg(bus, rcc), Wwdg(bus, rcc), Crc(bus, gates["CRC"]), Exti(bus)),
        *unmodelled(bus, gates),
    ]
    for device in devices:
        rcc.attach(device)
    return [rcc, *devices]
