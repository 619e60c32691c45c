"""GPIO ports A to K: mode, alternate function and output levels (RM0385, chapter 6)."""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import WORD, Device, Gate, RegisterFile, bits

MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFRL, AFRH = range(0, 0x28, 4)

# Port A and B start with the debug pins in their alternate functions.
_RESETS: dict[str, dict[int, int]] = {
    "A": {MODER: 0xA800_0000, PUPDR: 0x6400_0000},
    "B": {MODER: 0x0000_0280, OSPEEDR: 0x0000_00C0, PUPDR: 0x0000_0100},
}
_WRITABLE = {
    MODER: WORD,
    OTYPER: 0xFFFF,
    OSPEEDR: WORD,
    PUPDR: WORD,
    ODR: 0xFFFF,
    AFRL: WORD,
    AFRH: WORD,
}

INPUT, OUTPUT, ALTERNATE, ANALOG = range(4)


class Gpio(Device):
    """One port. Inputs that nothing drives read as their pull resistor says."""

    def __init__(self, bus: Bus, port: str, gate: Gate) -> None:
        base = 0x4002_0000 + 0x400 * (ord(port) - ord("A"))
        super().__init__(bus, f"GPIO{port}", base, 0x400, gate)
        self.port = port
        self.registers = RegisterFile(_RESETS.get(port, {}), _WRITABLE)

    def reset(self) -> None:
        """Debug pins of ports A and B start in their alternate function, all others as inputs."""
        self.registers.reset()

    def mode(self, pin: int) -> int:
        """`INPUT`, `OUTPUT`, `ALTERNATE` or `ANALOG`."""
        return bits(self.registers[MODER], 2 * pin, 2)

    def alternate(self, pin: int) -> int:
        """The alternate function chosen for a pin, 0..15."""
        return bits(self.registers[AFRL + 4 * (pin // 8)], 4 * (pin % 8), 4)

    def load(self, offset: int) -> int:
        """IDR is the level at the pins, the other registers are as written."""
        return self._levels() if offset == IDR else self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """BSRR sets and clears bits of ODR; locking by LCKR is not modelled and says so."""
        if offset == BSRR:
            # Setting wins over resetting a pin.
            self.registers[ODR] = (self.registers[ODR] & ~(value >> 16)) | (value & 0xFFFF)
        elif offset == LCKR:
            self.not_modelled("locking a pin's configuration (LCKR)")
        else:
            self.registers.store(offset, value, mask)

    def _levels(self) -> int:
        levels = 0
        for pin in range(16):
            mode = self.mode(pin)
            if mode == OUTPUT:
                high = bits(self.registers[ODR], pin, 1)
            elif mode == ANALOG:
                high = 0
            else:
                high = bits(self.registers[PUPDR], 2 * pin, 2) == 1
            levels |= high << pin
        return levels
