"""The seam between the emulated core and its peripherals.

The machine (`tflm_hil.emulator.machine`) offers a `Bus` to every peripheral; a peripheral offers
`Peripheral` to the machine. Neither knows more of the other, so a peripheral is unit-tested
against a few lines that implement `Bus`.

Time is counted in core cycles (HCLK periods) since power-on, `Bus.cycles`. It moves while the
core executes and jumps to the next scheduled event while it sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol, runtime_checkable


class BusError(Exception):
    """No device answers at this address (a BusFault on the core)."""

    def __init__(self, address: int) -> None:
        self.address = address
        super().__init__(f"no device answers at {address:#010x}")


class ResetReason(Enum):
    """Why the chip was reset (RM0385, RCC_CSR)."""

    POWER_ON = "power-on"
    PIN = "pin"
    SOFTWARE = "software"
    INDEPENDENT_WATCHDOG = "independent watchdog"
    WINDOW_WATCHDOG = "window watchdog"
    LOW_POWER = "low power"


class Event(Protocol):
    """Something scheduled; `cancel()` may be called at any time, also after it ran."""

    def cancel(self) -> None:
        """Do not call back any more; no error if it has run or was cancelled."""


class Bus(Protocol):
    """What the machine offers to a peripheral.

    All calls come from, and callbacks run on, the machine's own thread with the core stopped or
    inside one of its own accesses.
    """

    @property
    def cycles(self) -> int:
        """Core cycles since power-on; exact at block granularity."""

    def schedule(self, at_cycles: int, callback: Callable[[], None]) -> Event:
        """Run `callback` when `cycles` reaches `at_cycles` (at once if it has passed)."""

    def set_irq(self, number: int, level: bool) -> None:
        """Drive an interrupt line (NVIC input, 0..97): level sensitive, as on the chip."""

    def read_memory(self, address: int, length: int) -> bytes:
        """Read as a bus master (DMA). Raises BusError."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write as a bus master (DMA). Raises BusError; flash is not writable this way."""

    def cacheable(self, address: int) -> bool:
        """True if the D-cache is on and holds lines of `address`, so that DMA there is stale.

        The default memory map with the MPU regions over it (`tflm_hil.emulator.cortex_m7.mpu`): the
        board support makes SRAM2 Normal non-cacheable and sends its serial data from there.
        """

    def finding(self, rule: str, sentence: str) -> None:
        """Record that the firmware did what would fail on silicon.

        `rule` is a short stable name ("clock-off", "dma-cacheable"); `sentence` says what
        happened, where (the machine adds the PC), and what to do. Same rule + sentence is
        recorded once.
        """

    @property
    def dcache_enabled(self) -> bool:
        """SCB CCR.DC: the core's loads and stores go through the data cache."""

    @property
    def core_sleeping(self) -> bool:
        """The core waits in WFI or WFE (while an event runs)."""

    @property
    def flash_wait_states(self) -> int:
        """FLASH_ACR.LATENCY (the machine owns the FLASH registers)."""

    def core_clock_changed(self, hclk_hz: int) -> None:
        """Tell the machine the core's clock, at reset and at every switch of the clock tree.

        The machine turns cycles into virtual seconds with it.
        """

    def request_reset(self, reason: ResetReason) -> None:
        """Reset the chip after the current access (a watchdog bites)."""


class Peripheral(Protocol):
    """A block of registers.

    Offsets are relative to `base`; `width` is 1, 2 or 4 bytes. Callbacks never raise anything
    but BusError.
    """

    name: str
    base: int
    length: int

    def reset(self) -> None:
        """System reset: registers to the values of the reference manual."""

    def read(self, offset: int, width: int) -> int:
        """A load by the core or the debugger."""

    def write(self, offset: int, width: int, value: int) -> None:
        """A store by the core or the debugger."""


@runtime_checkable
class ResetObserver(Protocol):
    """A peripheral that wants to know why it is reset (RCC)."""

    def note_reset(self, reason: ResetReason) -> None:
        """Called just before `reset()`."""
