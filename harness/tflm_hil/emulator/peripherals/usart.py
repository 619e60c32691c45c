"""USART1 to UART8: registers, flags and interrupts (RM0385, chapter 31).

Bytes move lazily: each register access and each scheduled event first brings both directions up
to `bus.cycles`. Only what can raise an enabled interrupt, or must reach the host, is scheduled.
8N1 frames are modelled; whatever else the firmware switches on is reported as not modelled.
"""

from __future__ import annotations

from fractions import Fraction

from tflm_hil.emulator.bus import Bus, Event
from tflm_hil.emulator.peripherals.dma_requests import DmaRequest
from tflm_hil.emulator.peripherals.pace import Pace
from tflm_hil.emulator.peripherals.pins import Outlet
from tflm_hil.emulator.peripherals.port import DEFAULT_BAUD, FRAME_BITS, UartPort
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.receiver import Receiver, ReceiveSetup
from tflm_hil.emulator.peripherals.registers import Device
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
    TXEIE,
)
from tflm_hil.emulator.peripherals.usart_settings import UsartSettings
from tflm_hil.emulator.peripherals.usart_table import DmaRoute, UsartRow

FOREVER = 1 << 63


class Usart(Device):
    """One USART; `port` is its wire to the host, `outlet` the pins between them."""

    def __init__(self, bus: Bus, row: UsartRow, rcc: Rcc, port: UartPort, outlet: Outlet) -> None:
        super().__init__(bus, row.name, row.base, 0x400, rcc.gates[row.name])
        self.settings = UsartSettings(bus, row.name, self.not_modelled)
        self._irq = row.irq
        self._rcc = rcc
        self._port = port
        self._outlet = outlet
        receive, transmit = self.dma_requests = (
            self._request("RX", RDR, row.receive_routes),
            self._request("TX", TDR, row.transmit_routes),
        )
        self._transmitter = Transmitter(self._leave, transmit)
        self._receiver = Receiver(port, outlet, receive, self._report_overrun)
        self._level = False
        self._mask = 0
        self._event: Event | None = None
        self._event_at = 0
        self._quiet_until = 0
        port.attach(bus, self)
        rcc.listen(self)

    def _request(self, signal: str, register: int, routes: tuple[DmaRoute, ...]) -> DmaRequest:
        return DmaRequest(
            f"{self.name}_{signal}",
            self.base + register,
            routes,
            settle=self.settle,
            changed=self._reconfigure,
        )

    def reset(self) -> None:
        """`Device.reset`; bytes on their way are dropped in both directions."""
        self.settle()
        if self._event is not None:
            self._event.cancel()
            self._event = None
        self._port.drop()
        self.settings.reset()
        self._transmitter.reset()
        self._receiver.clear()
        self._reconfigure()

    def settle(self) -> None:
        """Bring both directions up to now, with the interrupt line and the next event."""
        now = self.bus.cycles
        if now < self._quiet_until:
            return
        self._receiver.settle(now)
        self._transmitter.settle(now)
        changes = (self._receiver.next_change(now), self._transmitter.next_change(now))
        self._quiet_until = min((at for at in changes if at is not None), default=FOREVER)
        self._update_irq()
        self._plan()

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
        """`Station`: bytes came."""
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
        """Flags as of this cycle; reading RDR takes the byte and clears RXNE."""
        self.settle()
        if offset == ISR:
            return self._status()
        if offset == RDR:
            value = self._receiver.read_data()
            self._look()
            return value
        return self.settings[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """TDR sends, ICR clears flags by ones; a change of settings takes effect at this cycle."""
        self.settle()
        if offset == TDR:
            self._transmit(value & 0xFF)
        elif offset == ICR:
            self._receiver.flags &= ~(value & CLEARABLE)
            if value & TC:
                self._transmitter.clear_complete()
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
        """Registers or clocks changed: what do the two directions work with?"""
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
                asks=running and settings.asks_to_receive,
                match=settings.match,
                keep_newest=settings.keeps_newest,
                wake_flags=self._mask,
            )
        else:
            self._receiver.setup = ReceiveSetup()
        self._transmitter.asks = running and settings.asks_to_transmit and settings.transmits

    def _transmit(self, byte: int) -> None:
        if not self.settings.transmits or self.baud is None:
            self.bus.finding(
                "usart-off",
                f"{self.name}: a byte was written to TDR while the transmitter is off; it is "
                "lost. Set CR1.UE and TE first.",
            )
            return
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
        if not self._outlet.sends():
            counters.lost_out += len(data)
            return
        baud = self.baud
        if baud is not None:
            self._port.transmit(data, baud)

    def _report_overrun(self) -> None:
        self.bus.finding(
            "usart-overrun",
            f"{self.name}: a byte came while the one before had not been read (ORE) and is lost. "
            "Receive by DMA, or read faster.",
        )

    # Flags, interrupt and events.

    def _status(self) -> int:
        value = self._receiver.flags | self._transmitter.flags(self.bus.cycles)
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

    def _reconfigure(self) -> None:
        self._configure()
        self._look()

    def _look(self) -> None:
        """Something other than time changed what `settle` depends on."""
        self._quiet_until = 0
        self.settle()

    def _plan(self) -> None:
        on_empty = bool(self.settings[CR1] & TXEIE)
        times = (
            self._receiver.next_event(),
            self._transmitter.next_event(self.bus.cycles, on_empty=on_empty),
        )
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
