"""Streams behind USART3: ring, wake-ups, transfers, and what the controller forbids."""

from __future__ import annotations

import pytest

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.board import (
    CR1,
    ICR,
    ISR,
    LIFCR,
    RX_RING,
    RX_STREAM,
    RX_STREAM_IRQ,
    TX_BUFFER,
    TX_STREAM,
    TX_STREAM_IRQ,
    USART3_IRQ,
)  # fmt: skip
from tests.unit.emulator.peripherals.fake_bus import DTCM, SRAM1, Chip
from tests.unit.emulator.peripherals.test_usart import CMF, FRAME, IDLE, RXNE, TC

DMAR, DMAT, CMIE, IDLEIE = 1 << 6, 1 << 7, 1 << 14, 1 << 4
HTIE, TCIE = 1 << 3, 1 << 4
LISR = board.DMA1
FLAGS_1, FLAGS_3 = 0x3D << 6, 0x3D << 22


@pytest.fixture
def chip() -> Chip:
    return board.running_board(cr1=CMIE | IDLEIE, cr3=DMAR | DMAT)


def ring(chip: Chip, length: int) -> bytes:
    return chip.bus.read_memory(RX_RING, length)


def test_the_counter_follows_the_wire(chip: Chip) -> None:
    board.receive_ring(chip, 64)
    chip.feed(b"\1" * 20)
    for count in range(1, 21):
        chip.bus.advance(FRAME - 1)
        assert board.received(chip, 64) == count - 1
        chip.bus.advance(1)
        assert board.received(chip, 64) == count
    assert ring(chip, 21) == b"\1" * 20 + b"\0"
    assert not chip.read(ISR) & RXNE


def test_wakes_at_each_delimiter_and_at_idle(chip: Chip) -> None:
    board.receive_ring(chip, 64)
    start = chip.bus.cycles
    chip.feed(b"hello\0world\0more")
    wakes = []
    for _ in range(3):
        chip.bus.sleep_until_irq(USART3_IRQ)
        wakes.append(((chip.bus.cycles - start) / FRAME, board.received(chip, 64)))
        chip.write(ICR, CMF | IDLE)
    assert wakes == [(6, 6), (12, 12), (17, 16)]
    assert chip.bus.findings == []


def test_thousands_of_bytes_cost_few_events(chip: Chip) -> None:
    board.receive_ring(chip, 8192)
    chip.feed(bytes(range(1, 251)) * 16 + b"\0")
    before = chip.bus.ran
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert board.received(chip, 8192) == 4001
    assert chip.bus.ran - before <= 2


def test_the_ring_wraps_and_overwrites(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    data = bytes(range(1, 41))
    chip.feed(data)
    chip.bus.advance(40 * FRAME)
    assert board.received(chip, 16) == 40 % 16
    assert ring(chip, 16) == data[32:40] + data[24:32]
    assert chip.bus.read_memory(RX_RING + 16, 1) == b"\0"


def test_half_and_full_interrupts(chip: Chip) -> None:
    board.receive_ring(chip, 16, control=HTIE | TCIE)
    start = chip.bus.cycles
    chip.feed(b"\1" * 40)
    wakes = []
    for _ in range(3):
        chip.bus.sleep_until_irq(RX_STREAM_IRQ)
        wakes.append(((chip.bus.cycles - start) // FRAME, chip.read(LISR) >> 6 & 0x30))
        chip.write(LIFCR, FLAGS_1)
    assert wakes == [(8, 0x10), (16, 0x20), (24, 0x10)]


def test_a_byte_that_waits_is_fetched_when_the_stream_starts(chip: Chip) -> None:
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & RXNE
    board.receive_ring(chip, 16)
    assert not chip.read(ISR) & RXNE
    assert board.received(chip, 16) == 1
    assert ring(chip, 1) == b"a"


def test_without_dmar_nothing_is_asked_of_the_stream() -> None:
    chip = board.running_board()
    board.receive_ring(chip, 16)
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    assert board.received(chip, 16) == 0
    assert chip.read(ISR) & RXNE


def test_normal_mode_ends_and_the_next_byte_stays_in_rdr(chip: Chip) -> None:
    board.receive_ring(chip, 4)
    chip.clear_bits(RX_STREAM, 1)
    chip.write(LIFCR, FLAGS_1)
    chip.clear_bits(RX_STREAM, 1 << 8)
    chip.set_bits(RX_STREAM, 1)
    chip.feed(b"abcde")
    chip.bus.advance(5 * FRAME)
    assert chip.read(LISR) & 1 << 11
    assert not chip.read(RX_STREAM) & 1
    assert ring(chip, 5) == b"abcd\0"
    assert chip.read(ISR) & RXNE
    assert chip.read(board.RDR) == ord("e")


def test_transmit_is_paced_and_completes(chip: Chip) -> None:
    data = bytes(range(256)) * 5
    start = chip.bus.cycles
    board.send(chip, data, control=TCIE)
    chip.bus.sleep_until_irq(TX_STREAM_IRQ)
    assert chip.bus.cycles - start == (len(data) - 2) * FRAME, "two bytes are still in the USART"
    assert not chip.read(TX_STREAM) & 1
    assert chip.read(TX_STREAM + 4) == 0
    assert not chip.read(ISR) & TC
    chip.bus.advance(2 * FRAME - 1)
    assert not chip.read(ISR) & TC
    chip.bus.advance(1)
    assert chip.read(ISR) & TC
    assert chip.sent == data
    assert chip.port.counters.busy_out_cycles == len(data) * FRAME
    assert chip.bus.findings == []


def test_sent_bytes_reach_the_host_without_anybody_looking(chip: Chip) -> None:
    board.send(chip, b"x" * 1000)
    before = chip.bus.ran
    chip.bus.advance(600 * FRAME)
    assert 256 <= len(chip.sent) <= 600
    chip.bus.advance(400 * FRAME)
    assert chip.sent == b"x" * 1000
    assert chip.bus.ran - before <= 8


def test_transfers_back_to_back_leave_no_gap(chip: Chip) -> None:
    start = chip.bus.cycles
    for _ in range(5):
        board.send(chip, b"0123456789", control=TCIE)
        chip.bus.sleep_until_irq(TX_STREAM_IRQ)
    chip.wait(ISR, TC)
    assert 0 <= chip.bus.cycles - start - 50 * FRAME < 16
    assert chip.sent == b"0123456789" * 5


def test_transmit_counter_while_it_runs(chip: Chip) -> None:
    board.send(chip, b"x" * 100)
    chip.bus.advance(10 * FRAME)
    assert chip.read(TX_STREAM + 4) == 100 - 12


def test_stopping_a_transfer(chip: Chip) -> None:
    board.send(chip, b"x" * 100)
    chip.bus.advance(10 * FRAME)
    chip.clear_bits(TX_STREAM, 1)
    chip.bus.advance(200 * FRAME)
    assert chip.sent == b"x" * 12
    assert chip.read(TX_STREAM + 4) == 88
    assert chip.read(LISR) & 1 << 27, "TCIF says that the stream has stopped"
    assert chip.read(ISR) & TC


def test_enabling_again_reloads_the_counter(chip: Chip) -> None:
    board.send(chip, b"ab")
    chip.bus.advance(10 * FRAME)
    chip.write(LIFCR, FLAGS_3)
    chip.set_bits(TX_STREAM, 1)
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b"abab"


@pytest.mark.parametrize("stream", [RX_STREAM, TX_STREAM])
def test_a_count_of_zero_moves_nothing(chip: Chip, stream: int) -> None:
    board.receive_ring(chip, 16)
    chip.clear_bits(RX_STREAM, 1)
    chip.write(LIFCR, FLAGS_1)
    chip.write(TX_STREAM + 8, board.TDR)
    chip.write(TX_STREAM + 0xC, TX_BUFFER)
    chip.write(TX_STREAM, 4 << 25 | 1 << 10 | 1 << 6)
    chip.write(stream + 4, 0)
    chip.set_bits(stream, 1)
    chip.feed(b"a")
    chip.bus.advance(2 * FRAME)
    assert chip.read(stream) & 1
    assert chip.sent == b""
    assert chip.read(ISR) & RXNE


def test_stale_flags_keep_the_stream_off(chip: Chip) -> None:
    board.send(chip, b"ab")
    chip.bus.advance(10 * FRAME)
    chip.set_bits(TX_STREAM, 1)
    assert not chip.read(TX_STREAM) & 1
    assert chip.bus.rules == ["dma-flags"]


def test_fifo_holds_bytes_back_until_its_threshold(chip: Chip) -> None:
    chip.set_bits(board.RCC_AHB1ENR, 1 << 21)
    chip.write(RX_STREAM + 0x14, 1 << 2 | 1)  # FIFO, half full: 8 bytes
    board.receive_ring(chip, 32)
    chip.feed(b"\1" * 11)
    chip.bus.advance(11 * FRAME)
    assert board.received(chip, 32) == 11
    assert ring(chip, 11) == b"\1" * 8 + bytes(3)
    chip.clear_bits(RX_STREAM, 1)
    assert ring(chip, 11) == b"\1" * 11


def test_settings_are_locked_while_enabled(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    chip.write(RX_STREAM + 4, 8)
    chip.write(RX_STREAM + 0xC, 0)
    chip.clear_bits(RX_STREAM, 1 << 8)
    assert chip.read(RX_STREAM + 4) == 16
    assert chip.read(RX_STREAM + 0xC) == RX_RING
    assert chip.read(RX_STREAM) & 1 << 8
    assert chip.bus.rules == ["dma-config"]


@pytest.mark.parametrize("address", [0x0000_0000, 0x0020_0000, 0x2005_0000, 0x4000_0000])
def test_memory_that_dma_does_not_reach(chip: Chip, address: int) -> None:
    board.receive_ring(chip, 16, address=address)
    assert not chip.read(RX_STREAM) & 1
    assert chip.read(LISR) & 1 << 9
    assert chip.bus.rules == ["dma-unreachable"]


@pytest.mark.parametrize(("cache", "address"), [(True, SRAM1), (False, SRAM1), (True, RX_RING)])
def test_cacheable_memory(chip: Chip, cache: bool, address: int) -> None:
    chip.bus.dcache_enabled = cache
    board.receive_ring(chip, 16, address=address)
    assert chip.bus.rules == (["dma-cacheable"] if cache and address == SRAM1 else [])


def test_wrong_channel(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    chip.clear_bits(RX_STREAM, 1)
    chip.write(LIFCR, FLAGS_1)
    chip.write(RX_STREAM, 5 << 25 | 1 << 10 | 1 << 8 | 1)
    assert chip.bus.rules == ["dma-mapping"]
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    assert board.received(chip, 16) == 0


def test_wrong_data_register(chip: Chip) -> None:
    chip.set_bits(board.RCC_AHB1ENR, 1 << 21)
    chip.write(RX_STREAM + 4, 16)
    chip.write(RX_STREAM + 8, board.TDR)
    chip.write(RX_STREAM + 0xC, RX_RING)
    chip.write(RX_STREAM, 4 << 25 | 1 << 10 | 1)
    assert chip.bus.rules == ["dma-mapping"]


def test_wrong_direction(chip: Chip) -> None:
    board.receive_ring(chip, 16, control=1 << 6)
    assert chip.bus.rules == ["dma-config"]


def test_memory_to_memory_is_not_modelled(chip: Chip) -> None:
    chip.set_bits(board.RCC_AHB1ENR, 1 << 22)
    stream = board.DMA2 + 0x10
    chip.write(stream + 4, 16)
    chip.write(stream + 8, SRAM1)
    chip.write(stream + 0xC, RX_RING)
    chip.write(stream, 2 << 6 | 1)
    assert chip.bus.rules == ["not-modelled"]


@pytest.mark.parametrize(
    ("address", "asleep", "rules"),
    [(DTCM, True, ["dma-dtcm-sleep"]), (DTCM, False, []), (TX_BUFFER, True, [])],
)
def test_dtcm_cannot_be_sent_from_while_the_core_sleeps(
    chip: Chip, address: int, asleep: bool, rules: list[str]
) -> None:
    board.send(chip, b"x" * 10, control=TCIE, address=address)
    if asleep:
        chip.bus.sleep_until_irq(TX_STREAM_IRQ)
    else:
        chip.wait(LISR, 1 << 27)
    assert chip.bus.rules == rules


def test_a_buffer_that_changes_under_way(chip: Chip) -> None:
    board.send(chip, b"x" * 100)
    chip.bus.write_memory(TX_BUFFER + 50, b"y")
    chip.bus.advance(200 * FRAME)
    assert chip.bus.rules == ["dma-buffer-changed"]


def test_baud_mismatch_does_not_stop_the_ring(chip: Chip) -> None:
    board.receive_ring(chip, 256)
    chip.line.speed = 115_200
    chip.feed(b"\x55garbage\0" * 4)
    chip.bus.advance(50 * 10 * 469 * 4)
    assert chip.port.counters.garbled_in == 36
    assert not chip.read(ISR) & RXNE
    chip.line.speed = 921_600
    chip.write(ICR, CMF | IDLE | 2)
    before = board.received(chip, 256)
    chip.feed(b"clean\0")
    chip.bus.sleep_until_irq(USART3_IRQ)
    assert board.received(chip, 256) == before + 6
    assert chip.bus.read_memory(RX_RING + before, 6) == b"clean\0"


def test_reset_of_the_controller_stops_the_streams(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    chip.set_bits(board.RCC + 0x10, 1 << 21)
    chip.clear_bits(board.RCC + 0x10, 1 << 21)
    assert chip.read(RX_STREAM) == 0
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & RXNE


def test_a_controller_without_clock_moves_nothing(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    chip.clear_bits(board.RCC_AHB1ENR, 1 << 21)
    chip.feed(b"a")
    chip.bus.advance(FRAME)
    assert chip.read(ISR) & RXNE
    chip.set_bits(board.RCC_AHB1ENR, 1 << 21)
    assert board.received(chip, 16) == 1


def test_the_usart_off_and_on_again_with_its_stream_left_on(chip: Chip) -> None:
    board.receive_ring(chip, 16)
    control = chip.read(CR1)
    chip.write(CR1, 0)
    chip.write(board.BRR, 18)
    chip.write(CR1, control)
    chip.feed(b"fast")
    chip.bus.advance(4 * 10 * 18 * 4)
    assert board.received(chip, 16) == 4


def test_a_stream_that_serves_another_request_now_is_not_asked_any_more(chip: Chip) -> None:
    board.send(chip, b"first")
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b"first"
    chip.write(LIFCR, 0x3D << 22)
    uart7_rdr = 0x4000_7824
    chip.write(TX_STREAM + 4, 4)
    chip.write(TX_STREAM + 8, uart7_rdr)
    chip.write(TX_STREAM, 5 << 25 | 1 << 10 | 1)  # UART7_RX, on the stream of USART3_TX
    chip.write(ICR, 0)  # have USART3 look what there is to do
    chip.bus.advance(10 * FRAME)
    assert chip.sent == b"first"
    assert chip.read(TX_STREAM + 4) == 4
