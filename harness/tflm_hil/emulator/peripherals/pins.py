"""Which pins carry a USART off the chip to where somebody listens."""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.gpio import ALTERNATE, Gpio


@dataclass(frozen=True)
class Route:
    """A pin that must be in alternate function `function` to carry a signal."""

    gpio: Gpio
    pin: int
    function: int

    def carries(self) -> bool:
        """The port is clocked and the pin is switched to the function."""
        return (
            self.gpio.gate.on
            and self.gpio.mode(self.pin) == ALTERNATE
            and self.gpio.alternate(self.pin) == self.function
        )

    def report(self, bus: Bus, signal: str) -> None:
        """Say why nothing passes."""
        pin = f"P{self.gpio.port}{self.pin}"
        if not self.gpio.gate.on:
            reason = f"the clock of {self.gpio.name} is off ({self.gpio.gate.enable})"
        elif self.gpio.mode(self.pin) != ALTERNATE:
            reason = f"{pin} is not in alternate function mode ({self.gpio.name}_MODER)"
        else:
            reason = f"{pin} has alternate function {self.gpio.alternate(self.pin)}"
        bus.finding(
            "uart-pin",
            f"{signal} does not reach the board's tty: {reason}. It needs {pin} in "
            f"AF{self.function}.",
        )
