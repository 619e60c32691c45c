"""USART1 to UART8: registers, flags and interrupts (RM0385, chapter 31).

Bytes move lazily: each register access and each scheduled event first brings both directions up
to `bus.cycles`. Only what can raise an enabled interrupt, or must reach the host, is scheduled.
8N1 frames are modelled; whatever else the firmware switches on is reported as not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tflm_hil.emulator.bus import Bus, Event
from tflm_hil.emulator.peripherals.pace import Pace
from tflm_hil.emulator.peripherals.pins import Route
from tflm_hil.emulator.peripherals.port import DEFAULT_BAUD, FRAME_BITS, UartPort
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.receiver import Receiver, ReceiveSetup
from tflm_hil.emulator.peripherals.registers import Device
from tflm_hil.emulator.peripherals.stream import Stream
from tflm_hil.emulator.peripherals.transmitter import Transmitter
from tflm_hil.emulator.peripherals.usart_registers import (
    BRR,
    BUSY,
    CLEARABLE,
    CR1,
    ICR,
    ISR,
    RDR,
    REACK,
    RQR,
    RXFRQ,
    RXNE,
    TC,
    TDR,
    TEACK,
    TXE,
    TXEIE,
    USARTS,
)
from tflm_hil.emulator.peripherals.usart_settings import UsartSettings

FOREVER = 1 << 63


@dataclass(frozen=True)
class Wiring:
    """Where a USART's signals leave the chip; None: any pin will do, nobody listens."""

    transmit: Route | None = None
    receive: Route | None = None


class Usart(Device):
    """One USART; `port` is the host's end of its wire."""

    def __init__(self, bus: Bus, name: str, rcc: Rcc, port: UartPort, wiring: Wiring) -> None:
        base, self._irq = USARTS[name]
        super().__init__(bus, name, base, 0x400, rcc.gates[name])
        self.settings = UsartSettings(bus, name, self.not_modelled)
        self.data_registers = {f"{name}_RX": base + RDR, f"{name}_TX": base + TDR}
        self._rcc = rcc
        self._port = port
        self._wiring = wiring
        self._streams: dict[str, Stream | None] = dict.fromkeys(self.data_registers)
        self._transmitter = Transmitter(self._leave)
        self._receiver = Receiver(port, self._reaches, self._report_overrun)
        self._complete = True
        self._level = False
        self._mask = 0
        self._event: Event | None = None
        self._event_at = 0
        self._quiet_until = 0
        port.attach(bus, self)
        rcc.listen(self)

    def reset(self) -> None:
        self.settle()
        if self._event is not None:
            self._event.cancel()
            self._event = None
        self._port.drop()
        self.settings.reset()
        self._transmitter.clear()
        self._receiver.clear()
        self._complete = True
        self._configure()
        self._look()

    # Seen by the DMA.

    def settle(self) -> None:
        """Bring both directions up to now, with the interrupt line and the next event."""
        now = self.bus.cycles
        if now < self._quiet_until:
            return
        self._receiver.settle(now)
        if self._transmitter.settle(now):
            self._complete = True
        elif self._transmitter.busy:
            self._complete = False
        changes = (self._receiver.next_change(now), self._transmitter.next_change(now))
        self._quiet_until = min((at for at in changes if at is not None), default=FOREVER)
        self._update_irq()
        self._plan()

    def stream_changed(self, request: str, stream: Stream | None) -> None:
        """`Requester`: a stream serves a request, or none does any more."""
        self.settle()
        self._streams[request] = stream
        self._configure()
        self._look()

    # Seen by the clock tree and by the host's end of the wire.

    def before_clock_change(self) -> None:
        """`ClockListener`."""
        self.settle()

    def after_clock_change(self) -> None:
        """`ClockListener`."""
        self._configure()
        self._port.rebase(self.bus.cycles)
        self._look()

    before_line_change = before_clock_change

    def after_line_change(self) -> None:
        """`Station`: bytes came, or the host changed its speed."""
        self._look()

    def frame_cycles(self, host_baud: int | None) -> Fraction:
        """`Station`: core cycles of a frame of the host, which follows the board if it may."""
        hclk = self._rcc.tree.hclk_hz
        baud = Fraction(host_baud) if host_baud else (self.baud or Fraction(DEFAULT_BAUD))
        return FRAME_BITS * hclk / baud

    def transmitting(self) -> bool:
        """`Station`."""
        return self._transmitter.busy

    @property
    def baud(self) -> Fraction | None:
        """The exact rate that BRR gives, or None if the divisor is not usable."""
        return self.settings.baud(self._rcc.tree.usart_hz(self.name))

    # Registers.

    def load(self, offset: int) -> int:
        self.settle()
        if offset == ISR:
            return self._status()
        if offset == RDR:
            value = self._receiver.read_data()
            self._look()
            return value
        return self.settings[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        self.settle()
        if offset == TDR:
            self._transmit(value & 0xFF)
        elif offset == ICR:
            self._receiver.flags &= ~(value & CLEARABLE)
            if value & TC:
                self._complete = False
        elif offset == RQR:
            if value & RXFRQ:
                self._receiver.flags &= ~RXNE
            if value & ~RXFRQ & 0x17:
                self.not_modelled(f"a request of USART_RQR ({value:#x})")
        else:
            was_enabled, did_transmit = self.settings.enabled, self.settings.transmits
            self.settings.store(offset, value, mask)
            if offset == CR1:
                self._enable_changed(was_enabled=was_enabled, did_transmit=did_transmit)
            self._configure()
            self._port.rebase(self.bus.cycles)
        self._look()

    def _enable_changed(self, *, was_enabled: bool, did_transmit: bool) -> None:
        if was_enabled and not self.settings.enabled and self._transmitter.busy:
            self.bus.finding(
                "usart-cut",
                f"{self.name} was disabled while it was transmitting; the rest is lost. Wait for "
                "ISR.TC first.",
            )
            self._transmitter.clear()
        if self.settings.transmits and not did_transmit:
            self._configure()
            self._transmitter.preamble(self.bus.cycles)
        if self.settings.enabled and not was_enabled and self.baud is None:
            self.bus.finding(
                "baud",
                f"{self.name} was enabled with BRR={self.settings[BRR]:#x}; 16 is the smallest "
                "divisor.",
            )

    def _configure(self) -> None:
        """Registers, clocks and streams changed: what do the two directions work with?"""
        settings = self.settings
        self._mask = settings.interrupts
        baud = self.baud
        running = settings.enabled and self.gate.on and baud is not None
        if baud is not None:
            pace = Pace.of(FRAME_BITS * self._rcc.tree.hclk_hz / baud)
            if pace != self._transmitter.pace:
                self._transmitter.change_pace(self.bus.cycles, pace)
            self._receiver.setup = ReceiveSetup(
                enabled=running and settings.receives,
                baud=baud,
                pace=pace,
                match=settings.match,
                keep_newest=settings.keeps_newest,
                wake_flags=self._mask,
            )
        else:
            self._receiver.setup = ReceiveSetup()
        receive, transmit = (
            stream if stream is not None and stream.active and running else None
            for stream in self._streams.values()
        )
        self._receiver.stream = receive if settings.asks_to_receive else None
        asks = settings.asks_to_transmit and settings.transmits
        self._transmitter.stream = transmit if asks else None
        if self._transmitter.stream is None:
            self._transmitter.stop_streaming()

    def _transmit(self, byte: int) -> None:
        if not self.settings.transmits or self.baud is None:
            self.bus.finding(
                "usart-off",
                f"{self.name}: a byte was written to TDR while the transmitter is off; it is "
                "lost. Set CR1.UE and TE first.",
            )
            return
        self._complete = False
        if not self._transmitter.put(self.bus.cycles, byte):
            self.bus.finding(
                "usart-tdr-overwritten",
                f"{self.name}: TDR was written while ISR.TXE=0; the byte before is lost.",
            )

    def _leave(self, data: bytes, cycles: int) -> None:
        """Bytes left the shift register."""
        counters = self._port.counters
        counters.bytes_out += len(data)
        counters.busy_out_cycles += cycles
        route = self._wiring.transmit
        if route is not None and not route.carries():
            counters.lost_out += len(data)
            route.report(self.bus, f"{self.name}_TX")
            return
        baud = self.baud
        if baud is not None:
            self._port.judge(baud)
            self._port.transmit(data, baud)

    def _reaches(self) -> bool:
        route = self._wiring.receive
        if route is None or route.carries():
            return True
        route.report(self.bus, f"{self.name}_RX")
        return False

    def _report_overrun(self) -> None:
        self.bus.finding(
            "usart-overrun",
            f"{self.name}: a byte came while the one before had not been read (ORE) and is lost. "
            "Receive by DMA, or read faster.",
        )

    # Flags, interrupt and events.

    def _status(self) -> int:
        value = self._receiver.flags
        if self._transmitter.empty(self.bus.cycles):
            value |= TXE
        if self._complete:
            value |= TC
        if self.settings.transmits:
            value |= TEACK
        if self.settings.receives:
            value |= REACK
            if self._receiver.on_wire(self.bus.cycles):
                value |= BUSY
        return value

    def _update_irq(self) -> None:
        level = bool(self._mask and self._status() & self._mask)
        if level != self._level:
            self._level = level
            self.bus.set_irq(self._irq, level)

    def _look(self) -> None:
        """Something other than time changed what `settle` depends on."""
        self._quiet_until = 0
        self.settle()

    def _plan(self) -> None:
        on_empty = bool(self.settings[CR1] & TXEIE)
        waits = on_empty and not self._transmitter.empty(self.bus.cycles)
        times = (self._receiver.next_event(), self._transmitter.next_event(on_empty=waits))
        at = min((time for time in times if time is not None), default=None)
        if self._event is not None:
            # An event that is too early only looks once more than needed.
            if at is None or at >= self._event_at:
                return
            self._event.cancel()
            self._event = None
        if at is not None:
            self._event_at = at
            self._event = self.bus.schedule(at, self._wake)

    def _wake(self) -> None:
        self._event = None
        self._look()
