"""A `Bus` with manual time and byte arrays for memory: enough to stand in for the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tflm_hil.emulator.bus import BusError, Peripheral, ResetObserver, ResetReason
from tflm_hil.emulator.peripherals import Rcc, UartPort, build
from tflm_hil.emulator.peripherals.registers import Device
from tflm_hil.emulator.wiring import EmulatedBoard

from tests.support.emulated_boards import NUCLEO
from tests.support.scripted_line import ScriptedLine

DTCM, SRAM1 = 0x2000_0000, 0x2001_0000


@dataclass
class FakeEvent:
    """One scheduled callback."""

    at: int
    callback: Callable[[], None]
    live: bool = True

    def cancel(self) -> None:
        """`Event.cancel`."""
        self.live = False


@dataclass
class FakeBus:
    """`advance` moves time and runs what is due, each event at its own cycle."""

    cycles: int = 0
    flash_wait_states: int = 7
    dcache_enabled: bool = False
    core_sleeping: bool = False
    hclk_hz: int = 0
    events: list[FakeEvent] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)
    irqs: dict[int, bool] = field(default_factory=dict)
    resets: list[ResetReason] = field(default_factory=list)
    ran: int = 0
    memory: dict[int, bytearray] = field(
        default_factory=lambda: {DTCM: bytearray(0x10000), SRAM1: bytearray(0x10000)}
    )

    def schedule(self, at_cycles: int, callback: Callable[[], None]) -> FakeEvent:
        """`Bus.schedule`."""
        event = FakeEvent(at_cycles, callback)
        self.events.append(event)
        return event

    def set_irq(self, number: int, level: bool) -> None:
        """`Bus.set_irq`."""
        self.irqs[number] = level

    def read_memory(self, address: int, length: int) -> bytes:
        """`Bus.read_memory`."""
        memory, offset = self._find(address, length)
        return bytes(memory[offset : offset + length])

    def write_memory(self, address: int, data: bytes) -> None:
        """`Bus.write_memory`."""
        memory, offset = self._find(address, len(data))
        memory[offset : offset + len(data)] = data

    def cacheable(self, address: int) -> bool:
        """`Bus.cacheable`: everything but DTCM."""
        return self.dcache_enabled and address >= SRAM1

    def finding(self, rule: str, sentence: str) -> None:
        """`Bus.finding`."""
        if (rule, sentence) not in self.findings:
            self.findings.append((rule, sentence))

    def core_clock_changed(self, hclk_hz: int) -> None:
        """`Bus.core_clock_changed`."""
        self.hclk_hz = hclk_hz

    def request_reset(self, reason: ResetReason) -> None:
        """`Bus.request_reset`."""
        self.resets.append(reason)

    @property
    def rules(self) -> list[str]:
        """The rules found so far."""
        return [rule for rule, _ in self.findings]

    def next_event(self) -> FakeEvent | None:
        """The earliest live event."""
        self.events = [event for event in self.events if event.live]
        return min(self.events, key=lambda event: event.at, default=None)

    def advance(self, cycles: int) -> None:
        """Let time pass."""
        target = self.cycles + cycles
        while (event := self.next_event()) is not None and event.at <= target:
            self.events.remove(event)
            self.cycles = max(self.cycles, event.at)
            self.ran += 1
            event.callback()
        self.cycles = target

    def sleep_until_irq(self, number: int) -> None:
        """As WFI: jump from event to event until the line is high."""
        while not self.irqs.get(number):
            event = self.next_event()
            assert event is not None, "nothing is scheduled that could wake the core"
            self.core_sleeping = True
            self.advance(max(0, event.at - self.cycles))
            self.core_sleeping = False

    def _find(self, address: int, length: int) -> tuple[bytearray, int]:
        for base, memory in self.memory.items():
            if base <= address and address + length <= base + len(memory):
                return memory, address - base
        raise BusError(address)


class Chip:
    """All peripherals on a fake bus, addressed as the core does."""

    def __init__(self, board: EmulatedBoard = NUCLEO) -> None:
        self.bus = FakeBus()
        self.line = ScriptedLine()
        self.port = UartPort(self.line)
        self.peripherals: list[Peripheral] = build(self.bus, board, self.port)
        self.rcc = next(block for block in self.peripherals if isinstance(block, Rcc))
        self.reset(ResetReason.POWER_ON)

    @property
    def sent(self) -> bytearray:
        """What has reached the host."""
        return self.line.received

    def feed(self, data: bytes) -> None:
        """The host sends, and the machine takes it."""
        self.line.send(data)
        self.port.collect()

    def reset(self, reason: ResetReason) -> None:
        """As the machine resets its peripherals."""
        for block in self.peripherals:
            if isinstance(block, ResetObserver):
                block.note_reset(reason)
        for block in self.peripherals:
            block.reset()

    def read(self, address: int, width: int = 4) -> int:
        """A load."""
        block = self.block(address)
        return block.read(address - block.base, width)

    def write(self, address: int, value: int, width: int = 4) -> None:
        """A store."""
        block = self.block(address)
        block.write(address - block.base, width, value)

    def set_bits(self, address: int, mask: int) -> None:
        """Read, or, write."""
        self.write(address, self.read(address) | mask)

    def clear_bits(self, address: int, mask: int) -> None:
        """Read, and not, write."""
        self.write(address, self.read(address) & ~mask)

    def wait(self, address: int, mask: int) -> None:
        """Poll until a bit of `mask` is set, with a few cycles between the looks."""
        for _ in range(1_000_000):
            if self.read(address) & mask:
                return
            self.bus.advance(16)
        raise AssertionError(f"{address:#x} never showed {mask:#x}")

    def block(self, address: int) -> Device:
        """The register block at an address."""
        for block in self.peripherals:
            if block.base <= address < block.base + block.length:
                assert isinstance(block, Device)
                return block
        raise BusError(address)
