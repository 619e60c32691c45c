"""Which pins carry a USART off the chip, and whether anybody is there.

A USART asks its `Outlet`; what does not pass becomes a finding that names the pin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.gpio import ALTERNATE, Gpio
from tflm_hil.emulator.wiring import EmulatedBoard


class Outlet(Protocol):
    """Where a USART's signals leave the chip. Both answers report a finding when they are False."""

    def sends(self) -> bool:
        """What the transmitter shifts out reaches the host."""

    def receives(self) -> bool:
        """What the host sends reaches the receiver."""


@dataclass(frozen=True)
class Route:
    """A pin that must be in alternate function `function` to carry a signal."""

    gpio: Gpio
    pin: int
    function: int

    def __str__(self) -> str:
        return f"P{self.gpio.port}{self.pin}"

    def carries(self) -> bool:
        """The port is clocked and the pin is switched to the function."""
        return self.obstacle() is None

    def obstacle(self) -> str | None:
        """Why nothing passes, or None if it does."""
        if not self.gpio.gate.on:
            return f"the clock of {self.gpio.name} is off ({self.gpio.gate.enable})"
        if self.gpio.mode(self.pin) != ALTERNATE:
            return f"{self} is not in alternate function mode ({self.gpio.name}_MODER)"
        if self.gpio.alternate(self.pin) != self.function:
            return f"{self} has alternate function {self.gpio.alternate(self.pin)}"
        return None


class ConsolePins:
    """`Outlet` of the USART that the board wires to the host's tty."""

    def __init__(self, bus: Bus, usart: str, transmit: Route, receive: Route) -> None:
        self._bus = bus
        self._usart = usart
        self._transmit = transmit
        self._receive = receive

    def sends(self) -> bool:
        """Whether TX reaches the tty; a finding `uart-pin` names the obstacle if it does not."""
        return self._carries("TX", self._transmit)

    def receives(self) -> bool:
        """Whether the tty reaches RX; a finding `uart-pin` names the obstacle if it does not."""
        return self._carries("RX", self._receive)

    def _carries(self, signal: str, route: Route) -> bool:
        obstacle = route.obstacle()
        if obstacle is not None:
            self._bus.finding(
                "uart-pin",
                f"{self._usart}_{signal} does not reach the board's tty: {obstacle}. It needs "
                f"{route} in AF{route.function}.",
            )
        return obstacle is None


class UnwiredPins:
    """`Outlet` of a USART whose pins end on the board: nobody is there."""

    def __init__(
        self, bus: Bus, usart: str, transmit: tuple[Route, ...], board: EmulatedBoard
    ) -> None:
        self._bus = bus
        self._usart = usart
        self._transmit = transmit
        self._board = board

    def sends(self) -> bool:
        """Never: what is sent here is a finding `usart-unconnected`."""
        pins = [str(route) for route in self._transmit if route.carries()]
        console = self._board.console
        self._bus.finding(
            "usart-unconnected",
            f"{self._usart} sends on {' and '.join(pins) or 'no pin'}, where nobody listens: the "
            f"tty of the {self._board.product} is on {console.usart}, with {console.transmit} and "
            f"{console.receive} in AF{console.function}.",
        )
        return False

    def receives(self) -> bool:
        """Never, and that is right: nobody sends."""
        return False
