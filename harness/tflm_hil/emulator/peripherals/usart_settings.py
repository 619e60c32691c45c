"""What the control registers of a USART say, and which stores to them the chip accepts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import RegisterFile
from tflm_hil.emulator.peripherals.usart_registers import (
    BRR,
    CR1,
    CR2,
    CR3,
    DMAR,
    DMAT,
    EIE,
    FE,
    GTPR,
    INTERRUPTS,
    LOCKED,
    NF,
    NOT_MODELLED,
    ORE,
    OVER8,
    OVRDIS,
    RE,
    REGISTER_NAMES,
    RTOR,
    TE,
    UE,
)

SMALLEST_DIVISOR = 16


class UsartSettings:
    """CR1, CR2, CR3, BRR, GTPR and RTOR of one USART."""

    def __init__(self, bus: Bus, name: str, not_modelled: Callable[[str], None]) -> None:
        self._bus = bus
        self._name = name
        self._not_modelled = not_modelled
        self._registers = RegisterFile(
            {},
            {
                **{CR1: 0x1FFF_FFFF, CR2: 0xFFFF_FF70, CR3: 0x007E_FFFF, BRR: 0xFFFF},
                **{GTPR: 0xFFFF, RTOR: 0xFFFF_FFFF},
            },
        )

    def reset(self) -> None:
        """All off."""
        self._registers.reset()

    def __getitem__(self, offset: int) -> int:
        return self._registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """A store, as far as the chip accepts it; findings for what it does not."""
        old = self._registers[offset]
        new = self._registers.merge(offset, value, mask)
        locked = self._locked(offset)
        stays_on = self.enabled and (offset != CR1 or bool(new & UE))
        if stays_on and (old ^ new) & locked:
            self._bus.finding(
                "usart-config",
                f"{self._name}: a setting in {REGISTER_NAMES[offset]} was changed while UE=1; "
                "the chip ignores it. Clear CR1.UE first.",
            )
            new = new & ~locked | old & locked
        if new & NOT_MODELLED.get(offset, 0):
            self._not_modelled(
                f"{REGISTER_NAMES[offset]}={new:#010x}, beyond 8N1 asynchronous frames,"
            )
        self._registers[offset] = new

    def _locked(self, offset: int) -> int:
        locked = LOCKED.get(offset, 0)
        if offset == CR2 and self._registers[CR1] & RE:
            locked |= 0xFF00_0000
        return locked

    @property
    def enabled(self) -> bool:
        """UE."""
        return bool(self._registers[CR1] & UE)

    @property
    def transmits(self) -> bool:
        """UE and TE."""
        return self._registers[CR1] & (UE | TE) == UE | TE

    @property
    def receives(self) -> bool:
        """UE and RE."""
        return self._registers[CR1] & (UE | RE) == UE | RE

    @property
    def asks_to_receive(self) -> bool:
        """DMA requests for received bytes."""
        return bool(self._registers[CR3] & DMAR)

    @property
    def asks_to_transmit(self) -> bool:
        """DMA requests for bytes to send."""
        return bool(self._registers[CR3] & DMAT)

    @property
    def keeps_newest(self) -> bool:
        """OVRDIS."""
        return bool(self._registers[CR3] & OVRDIS)

    @property
    def match(self) -> int:
        """The character whose arrival sets CMF."""
        return self._registers[CR2] >> 24

    @property
    def interrupts(self) -> int:
        """The flags of ISR that raise the interrupt."""
        flags = FE | NF | ORE if self._registers[CR3] & EIE else 0
        for enable, raised in INTERRUPTS:
            if self._registers[CR1] & enable:
                flags |= raised
        return flags

    def baud(self, clock_hz: Fraction) -> Fraction | None:
        """The exact rate from the kernel clock, or None if the divisor is unusable (31.5.4)."""
        divisor = self._registers[BRR]
        if self._registers[CR1] & OVER8:
            divisor = divisor & 0xFFF0 | (divisor & 7) << 1
            clock_hz *= 2
        return clock_hz / divisor if divisor >= SMALLEST_DIVISOR else None
