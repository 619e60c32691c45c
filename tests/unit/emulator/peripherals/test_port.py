"""The host's end of the wire, and the blocks that are only named."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tflm_hil.emulator.host_line import HostBytes, Unplugged
from tflm_hil.emulator.peripherals import UartPort

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.fake_bus import Chip


def idle(chip: Chip) -> bool:
    """Asked anew: for the type checker a property does not change between two lines."""
    return chip.port.idle


def test_a_port_without_a_usart_takes_nothing() -> None:
    with pytest.raises(RuntimeError):
        UartPort(Unplugged()).feed(HostBytes(b"a"))


def test_idle_and_waiting() -> None:
    chip = board.running_board(cr3=1 << 12)
    frame = 10 * 59 * 4
    assert idle(chip)
    chip.feed(b"abc")
    assert not idle(chip)
    assert chip.port.waiting_in == 3
    chip.bus.advance(3 * frame)
    assert idle(chip)
    chip.write(board.TDR, 1)
    assert not idle(chip)
    chip.bus.advance(frame)
    assert idle(chip)


def test_feeding_nothing_is_nothing() -> None:
    chip = board.running_board()
    chip.feed(b"")
    assert chip.port.idle
    assert chip.bus.next_event() is None


def test_a_change_of_the_hosts_speed_leaves_what_is_on_the_wire() -> None:
    chip = board.running_board(cr3=1 << 12)
    chip.line.speed = 921_600
    chip.feed(b"old")
    chip.line.speed = 115_200
    chip.feed(b"new")
    chip.bus.advance(4 * 10 * 59 * 4)
    assert chip.read(board.RDR) == ord("d")
    assert (chip.port.counters.bytes_in, chip.port.counters.garbled_in) == (3, 0)
    chip.bus.advance(4 * 10 * 469 * 4)
    assert chip.port.counters.garbled_in == 3


def test_utilisation_of_the_line() -> None:
    chip = board.running_board(cr3=1 << 12)
    start = chip.bus.cycles
    chip.feed(bytes(1000))
    chip.bus.advance(2 * 1000 * 10 * 59 * 4)
    busy = chip.port.counters.busy_in_cycles
    assert busy / (chip.bus.cycles - start) == 0.5


def test_blocks_without_a_model_answer_and_say_so() -> None:
    chip = Chip()
    chip.set_bits(board.RCC + 0x44, 1 << 12)
    spi1 = 0x4001_3000
    chip.write(spi1, 0x1234)
    assert chip.read(spi1) == 0x1234
    assert chip.bus.rules == ["not-modelled"]
    assert "SPI1" in chip.bus.findings[0][1]


def test_no_two_blocks_overlap() -> None:
    blocks = sorted(Chip().peripherals, key=lambda block: block.base)
    for left, right in pairwise(blocks):
        assert left.base + left.length <= right.base, (left.name, right.name)


@pytest.mark.parametrize("pin", [None, 6, 9])
def test_a_usart_that_no_tty_is_wired_to_works_alone_and_is_found(pin: int | None) -> None:
    chip = Chip()
    board.clocks(chip)
    chip.set_bits(board.RCC + 0x44, 1 << 4)
    usart1 = 0x4001_1000
    chip.write(usart1 + 0xC, 938)
    chip.write(usart1, board.UE_RE_TE)
    if pin is not None:  # PA9 or PB6, and GPIOB follows GPIOA
        port = 0x4002_0000 + (0x400 if pin == 6 else 0)
        chip.set_bits(board.RCC_AHB1ENR, 3)
        chip.set_bits(port, 2 << 2 * pin)
        chip.write(port + 0x20 + 4 * (pin // 8), 7 << 4 * (pin % 8))
    chip.write(usart1 + 0x28, 0x55)
    chip.wait(usart1 + 0x1C, 1 << 6)
    assert chip.sent == b""
    assert chip.bus.rules == ["usart-unconnected"]
    where = {None: "no pin", 6: "PB6", 9: "PA9"}[pin]
    assert f"USART1 sends on {where}, where" in chip.bus.findings[0][1]
    assert "USART3, with PD8 and PD9 in AF7" in chip.bus.findings[0][1]
