"""USART3 without DMA: pacing, flags, interrupts, pins, baud rates, and its findings."""

from __future__ import annotations

import math

import pytest
from tflm_hil.emulator.bus import ResetReason

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.board import (
    BRR,
    CR1,
    CR2,
    CR3,
    HCLK,
    ICR,
    ISR,
    RDR,
    RQR,
    TDR,
    USART3_IRQ,
)  # fmt: skip
from tests.unit.emulator.peripherals.fake_bus import Chip

FE, ORE, IDLE, RXNE, TC, TXE, CMF = 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 17
FRAME = 10 * 59 * 4
"""Core cycles of a frame at BRR 59 (54 MHz kernel clock, HCLK four times that)."""


def poll(chip: Chip, count: int, every: int = 100) -> bytes:
    """Receive by looking at RXNE."""
    data = bytearray()
    for _ in range(10_000_000):
        if chip.read(ISR) & RXNE:
            data.append(chip.read(RDR))
            if len(data) == count:
                break
        chip.bus.advance(every)
    return bytes(data)


def test_transmit_timing_of_one_and_two_bytes() -> None:
    chip = board.running_board()
    chip.write(TDR, 0x41)
    assert chip.read(ISR) & (TXE | TC) == TXE, "straight into the shift register"
    chip.write(TDR, 0x42)
    assert not chip.read(ISR) & TXE
    chip.bus.advance(FRAME - 1)
    assert not chip.read(ISR) & TXE
    assert chip.sent == b""
    chip.bus.advance(1)
    assert chip.read(ISR) & (TXE | TC) == TXE
    assert chip.sent == b"A"
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & TC
    assert chip.sent == b"AB"
    assert chip.bus.findings == []


@pytest.mark.parametrize(("brr", "over8"), [(469, 0), (59, 0), (18, 0), (0x15, 1)])
def test_n_bytes_take_exactly_n_frames_of_the_board(brr: int, over8: int) -> None:
    chip = board.running_board(brr=brr, cr1=over8 << 15)
    divisor = brr * 4 if not over8 else (brr & 0xFFF0 | (brr & 7) << 1) * 2
    start, count = chip.bus.cycles, 57
    for byte in range(count):
        chip.write(TDR, byte)
        while not chip.read(ISR) & TXE:
            chip.bus.advance(1 if divisor < 100 else divisor // 8)
    while not chip.read(ISR) & TC:
        chip.bus.advance(1)
    assert abs(chip.bus.cycles - start - count * 10 * divisor) <= count * divisor // 8
    assert chip.port.counters.busy_out_cycles == count * 10 * divisor
    assert chip.sent == bytes(range(count))


@pytest.mark.parametrize("baud", [9600, 115_200, 921_600, 1_500_000])
def test_bytes_of_the_host_arrive_at_the_hosts_baud(baud: int) -> None:
    chip = board.running_board(brr=round(54_000_000 / baud), cr3=1 << 12)
    chip.line.speed = baud
    start, count = chip.bus.cycles, 301
    chip.feed(bytes(count))
    exact = count * 10 * HCLK / baud
    chip.bus.advance(int(exact) - 1)
    chip.read(ISR)
    assert chip.port.counters.bytes_in == count - 1
    chip.bus.advance(2)
    chip.read(ISR)
    assert chip.port.counters.bytes_in == count
    assert abs(chip.bus.cycles - start - exact) <= 2


def test_feeding_in_pieces_does_not_drift() -> None:
    chip = board.running_board(cr3=1 << 12)
    chip.line.speed = 921_600
    start = chip.bus.cycles
    for _ in range(100):
        chip.feed(b"x" * 7)
        chip.bus.advance(1000)
    last = math.ceil(700 * 10 * HCLK / 921_600)
    chip.bus.advance(last - 1 - (chip.bus.cycles - start))
    chip.read(ISR)
    assert chip.port.waiting_in == 1
    chip.bus.advance(1)
    chip.read(ISR)
    assert chip.port.waiting_in == 0


def test_polled_reception() -> None:
    chip = board.running_board()
    chip.feed(b"hello")
    assert poll(chip, 5) == b"hello"
    assert chip.bus.findings == []


def test_a_frame_in_the_air_is_busy_and_not_yet_received() -> None:
    chip = board.running_board()
    chip.feed(b"h")
    chip.bus.advance(FRAME - 1)
    assert chip.read(ISR) & (RXNE | 1 << 16) == 1 << 16
    chip.bus.advance(1)
    assert chip.read(ISR) & (RXNE | 1 << 16) == RXNE
    assert not chip.port.idle or chip.port.waiting_in == 0


def test_overrun_keeps_the_first_byte_and_is_found() -> None:
    chip = board.running_board()
    chip.feed(b"abc")
    chip.bus.advance(3 * FRAME)
    assert chip.read(ISR) & (ORE | RXNE) == ORE | RXNE
    assert chip.read(RDR) == ord("a")
    assert not chip.read(ISR) & RXNE
    assert chip.port.counters.overruns == 2
    assert chip.bus.rules == ["usart-overrun"]
    chip.write(ICR, ORE)
    assert not chip.read(ISR) & ORE


def test_overrun_disabled_keeps_the_newest() -> None:
    chip = board.running_board(cr3=1 << 12)
    chip.feed(b"abc")
    chip.bus.advance(3 * FRAME)
    assert chip.read(ISR) & (ORE | RXNE) == RXNE
    assert chip.read(RDR) == ord("c")
    assert chip.bus.findings == []


def test_flush_request_drops_the_received_byte() -> None:
    chip = board.running_board()
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    chip.write(RQR, 1 << 3)
    assert not chip.read(ISR) & RXNE


def test_receive_interrupt() -> None:
    chip = board.running_board(cr1=1 << 5)
    chip.feed(b"ab")
    start = chip.bus.cycles
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == FRAME
    assert chip.read(RDR) == ord("a")
    assert not chip.bus.irqs[USART3_IRQ]
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == 2 * FRAME


def test_idle_line_one_frame_after_the_last_byte() -> None:
    chip = board.running_board(cr1=1 << 4, cr3=1 << 12)
    chip.feed(b"abc")
    start = chip.bus.cycles
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == 4 * FRAME
    chip.write(ICR, IDLE)
    assert not chip.bus.irqs[USART3_IRQ]
    chip.bus.advance(100 * FRAME)
    assert not chip.read(ISR) & IDLE, "once for each burst"


def test_no_idle_between_bytes_that_follow_each_other() -> None:
    chip = board.running_board(cr3=1 << 12)
    chip.feed(b"ab")
    chip.bus.advance(FRAME + FRAME // 2)
    chip.feed(b"cd")
    chip.bus.advance(2 * FRAME + FRAME // 2)
    assert not chip.read(ISR) & IDLE
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & IDLE


def test_idle_between_two_bursts_is_seen_late_too() -> None:
    chip = board.running_board(cr3=1 << 12)
    chip.feed(b"a")
    chip.bus.advance(3 * FRAME)
    chip.feed(b"b")
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & IDLE


def test_a_pause_shorter_than_a_frame_is_not_idle() -> None:
    chip = board.running_board(cr1=1 << 4, cr3=1 << 12)
    chip.feed(b"a")
    chip.bus.advance(FRAME + FRAME // 2)
    start = chip.bus.cycles
    chip.feed(b"b")
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == 2 * FRAME


def test_transmit_interrupts() -> None:
    chip = board.running_board()
    chip.write(TDR, 1)
    chip.write(TDR, 2)
    start = chip.bus.cycles
    chip.set_bits(CR1, 1 << 7)
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == FRAME, "TXE"
    chip.clear_bits(CR1, 1 << 7)
    assert not chip.bus.irqs[USART3_IRQ]
    chip.set_bits(CR1, 1 << 6)
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert chip.bus.cycles - start == 2 * FRAME, "TC"
    chip.write(ICR, TC)
    assert not chip.bus.irqs[USART3_IRQ]


def test_an_idle_frame_precedes_the_first_byte() -> None:
    chip = Chip()
    board.clocks(chip)
    board.pins(chip)
    chip.set_bits(board.RCC_APB1ENR, 1 << 18)
    chip.write(BRR, 59)
    chip.write(CR1, board.UE_RE_TE)
    chip.write(TDR, 0x55)
    chip.bus.advance(2 * FRAME - 1)
    assert chip.sent == b""
    chip.bus.advance(1)
    assert chip.sent == b"U"


def test_the_transmitter_bit_off_and_on_leaves_the_frame_alone() -> None:
    chip = board.running_board()
    chip.write(TDR, 0x55)
    chip.clear_bits(CR1, 1 << 3)
    chip.set_bits(CR1, 1 << 3)
    chip.bus.advance(FRAME)
    assert chip.sent == b"U"


def test_tdr_written_too_early() -> None:
    chip = board.running_board()
    for byte in b"abc":
        chip.write(TDR, byte)
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b"ac"
    assert chip.bus.rules == ["usart-tdr-overwritten"]


def test_transmitter_off() -> None:
    chip = board.running_board()
    chip.clear_bits(CR1, 1 << 3)
    chip.write(TDR, 1)
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b""
    assert chip.bus.rules == ["usart-off"]


def test_disabled_while_transmitting() -> None:
    chip = board.running_board()
    chip.write(TDR, 1)
    chip.bus.advance(FRAME // 2)
    chip.write(CR1, 0)
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b""
    assert chip.bus.rules == ["usart-cut"]


@pytest.mark.parametrize(
    ("register", "value"), [(BRR, 100), (CR2, 0x5A << 24), (CR3, 1 << 12), (CR1, 1 << 15 | 0xD)]
)
def test_settings_are_locked_while_enabled(register: int, value: int) -> None:
    chip = board.running_board()
    before = chip.read(register)
    chip.write(register, value)
    assert chip.read(register) == before
    assert chip.bus.rules == ["usart-config"]


def test_settings_may_change_with_the_store_that_disables() -> None:
    chip = board.running_board(brr=0x15, cr1=1 << 15)
    chip.write(CR1, 0)
    assert chip.read(CR1) == 0
    assert chip.bus.findings == []


@pytest.mark.parametrize(
    ("register", "value"),
    [(CR1, 1 << 10), (CR1, 1 << 12), (CR2, 2 << 12), (CR2, 1 << 14), (CR3, 1 << 3), (RQR, 1)],
)
def test_what_is_not_modelled_says_so(register: int, value: int) -> None:
    chip = Chip()
    chip.set_bits(board.RCC_APB1ENR, 1 << 18)
    chip.write(register, value)
    assert chip.bus.rules == ["not-modelled"]


def test_bytes_are_lost_while_the_usart_is_off() -> None:
    chip = board.running_board()
    chip.write(CR1, 0)
    chip.feed(b"gone")
    chip.bus.advance(10 * FRAME)
    chip.write(CR1, board.UE_RE_TE)
    chip.bus.advance(10 * FRAME)
    assert not chip.read(ISR) & RXNE
    assert chip.port.counters.lost_in == 4


@pytest.mark.parametrize("spoil", ["mode", "function", "clock"])
def test_pins(spoil: str) -> None:
    chip = board.running_board()
    if spoil == "mode":
        chip.write(board.GPIOD, 0)
    elif spoil == "function":
        chip.write(board.GPIOD + 0x24, 0x88)
    else:
        chip.clear_bits(board.RCC_AHB1ENR, 1 << 3)
    chip.write(TDR, 1)
    chip.feed(b"a")
    chip.bus.advance(5 * FRAME)
    assert chip.sent == b""
    assert not chip.read(ISR) & RXNE
    assert chip.bus.rules == ["uart-pin", "uart-pin"]
    assert any("PD8" in sentence for _, sentence in chip.bus.findings)
    assert any("PD9" in sentence for _, sentence in chip.bus.findings)
    counters = chip.port.counters
    assert (counters.lost_in, counters.lost_out) == (1, 1)


def test_usart_clock_off() -> None:
    chip = board.running_board()
    chip.clear_bits(board.RCC_APB1ENR, 1 << 18)
    chip.write(TDR, 1)
    assert chip.read(ISR) == 0
    assert "clock-off" in chip.bus.rules


def test_baud_mismatch_is_garbage_both_ways_but_no_finding() -> None:
    chip = board.running_board(brr=469, cr3=1 << 12)  # 115200
    chip.line.speed = 921_600
    chip.feed(bytes(range(64)))
    chip.bus.advance(70 * 10 * 469 * 4)
    assert chip.read(ISR) & FE
    counters = chip.port.counters
    assert counters.garbled_in == 64
    assert 0 < counters.framing_errors <= 64
    chip.write(TDR, 0x55)
    chip.bus.advance(2 * 10 * 469 * 4)
    assert chip.sent != b"U"
    assert counters.garbled_out == 1
    assert chip.bus.findings == []
    chip.line.speed = 115_200
    chip.write(TDR, 0x55)
    chip.bus.advance(2 * 10 * 469 * 4)
    assert chip.sent.endswith(b"U")


def test_a_divisor_that_misses_the_hosts_rate() -> None:
    chip = board.running_board(brr=60)  # 900000, 2.3 % slow
    chip.line.speed = 921_600
    chip.feed(b"a")
    chip.bus.advance(2 * FRAME)
    assert chip.read(RDR) == ord("a"), "within what a receiver stands"
    assert chip.bus.rules == ["baud"]


def test_a_divisor_that_is_no_divisor() -> None:
    chip = Chip()
    chip.set_bits(board.RCC_APB1ENR, 1 << 18)
    chip.write(BRR, 15)
    chip.write(CR1, board.UE_RE_TE)
    assert chip.bus.rules == ["baud"]


def test_a_slower_core_clock_stretches_what_is_on_the_wire_in_seconds_only() -> None:
    chip = board.running_board()
    chip.line.speed = 921_600
    chip.feed(b"ab")
    half = round(5 * HCLK / 921_600)
    chip.bus.advance(half)
    before = chip.bus.cycles
    # AHB / 4, APB1 / 1: the kernel clock stays at 54 MHz.
    chip.write(board.RCC_CFGR, 2 | 0b1001 << 4)
    while not chip.read(ISR) & RXNE:
        chip.bus.advance(1)
    assert abs(chip.bus.cycles - before - half / 4) <= 2


def test_system_reset_forgets_what_is_on_the_wire() -> None:
    chip = board.running_board(cr1=1 << 5)
    chip.feed(b"abc")
    chip.write(TDR, 1)
    chip.bus.advance(FRAME // 2)
    chip.reset(ResetReason.SOFTWARE)
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b""
    assert chip.port.idle
    assert not chip.bus.irqs.get(USART3_IRQ)
    board.clocks(chip)
    board.pins(chip)
    board.usart(chip)
    assert not chip.read(ISR) & RXNE
