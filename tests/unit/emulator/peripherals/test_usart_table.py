"""Every USART as a board's console, on each of its pins and with each of its DMA streams."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tflm_hil.emulator.machine import Machine
from tflm_hil.emulator.peripherals.usart_table import USARTS, DmaRoute, UsartRow
from tflm_hil.emulator.wiring import Console, EmulatedBoard, Pin
from tflm_hil.errors import EmulatorError

from tests.support.emulated_boards import NUCLEO
from tests.support.vendor_svd import SVD, needs_svd
from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.fake_bus import Chip

RDR, TDR = 0x24, 0x28


def _short(value: UsartRow | DmaRoute | Pin) -> str:
    if isinstance(value, DmaRoute):
        return f"{value.controller}.{value.stream}.{value.channel}"
    return value.name if isinstance(value, UsartRow) else str(value)


def _wired(row: UsartRow, transmit: Pin, receive: Pin) -> EmulatedBoard:
    return replace(NUCLEO, console=Console(row.name, transmit, receive, row.function))


def _alternate(chip: Chip, pin: Pin, function: int) -> None:
    port = ord(pin.port) - ord("A")
    base = 0x4002_0000 + 0x400 * port
    chip.set_bits(board.RCC_AHB1ENR, 1 << port)
    chip.clear_bits(base, 3 << 2 * pin.number)
    chip.set_bits(base, 2 << 2 * pin.number)
    chip.set_bits(base + 0x20 + 4 * (pin.number // 8), function << 4 * (pin.number % 8))


def _running(row: UsartRow, transmit: Pin, receive: Pin) -> Chip:
    chip = Chip(_wired(row, transmit, receive))
    board.clocks(chip)
    for pin in (transmit, receive):
        _alternate(chip, pin, row.function)
    chip.set_bits(board.RCC + (0x40, 0x44)[row.apb - 1], 1 << row.enable_bit)
    chip.write(row.base + 0xC, 100)
    chip.write(row.base + 8, 3 << 6)
    chip.write(row.base, board.UE_RE_TE)
    return chip


def _start(chip: Chip, route: DmaRoute, register: int, memory: int, control: int) -> None:
    dma = {"DMA1": board.DMA1, "DMA2": board.DMA2}[route.controller]
    stream = dma + 0x10 + 0x18 * route.stream
    chip.set_bits(board.RCC_AHB1ENR, 1 << 21 | 1 << 22)
    chip.write(stream + 4, 4)
    chip.write(stream + 8, register)
    chip.write(stream + 0xC, memory)
    chip.write(stream, route.channel << 25 | 1 << 10 | control | 1)


def _pin_pairs() -> Iterator[tuple[UsartRow, Pin, Pin]]:
    for row in USARTS.values():
        for transmit in row.transmit_pins:
            for receive in row.receive_pins:
                yield row, transmit, receive


def _routes() -> Iterator[tuple[UsartRow, DmaRoute, DmaRoute]]:
    for row in USARTS.values():
        for receive in row.receive_routes:
            for transmit in row.transmit_routes:
                yield row, receive, transmit


@pytest.mark.parametrize(("row", "transmit", "receive"), list(_pin_pairs()), ids=_short)
def test_bytes_pass_its_pins(row: UsartRow, transmit: Pin, receive: Pin) -> None:
    chip = _running(row, transmit, receive)
    chip.write(row.base + TDR, ord("o"))
    chip.feed(b"i")
    chip.bus.advance(100_000)
    assert chip.read(row.base + RDR) == ord("i")
    assert chip.sent == b"o"
    assert chip.bus.findings == []


@pytest.mark.parametrize(("row", "receive", "transmit"), list(_routes()), ids=_short)
def test_dma_moves_its_bytes(row: UsartRow, receive: DmaRoute, transmit: DmaRoute) -> None:
    chip = _running(row, row.transmit_pins[0], row.receive_pins[0])
    chip.bus.write_memory(board.TX_BUFFER, b"out!")
    _start(chip, receive, row.base + RDR, board.RX_RING, 0)
    _start(chip, transmit, row.base + TDR, board.TX_BUFFER, 1 << 6)
    chip.feed(b"in!!")
    chip.bus.advance(1_000_000)
    assert chip.bus.read_memory(board.RX_RING, 4) == b"in!!"
    assert chip.sent == b"out!"
    assert chip.bus.findings == []


@pytest.mark.parametrize(
    "console",
    [
        replace(NUCLEO.console, transmit=Pin("A", 9)),
        replace(NUCLEO.console, receive=Pin("B", 10)),
        replace(NUCLEO.console, function=8),
    ],
)
def test_pins_that_the_chip_does_not_bring_it_to(console: Console) -> None:
    with pytest.raises(EmulatorError, match="USART3_") as refused:
        Machine(replace(NUCLEO, console=console))
    assert "AF7" in refused.value.remedy


@needs_svd
@pytest.mark.parametrize("row", USARTS.values(), ids=_short)
def test_its_numbers_are_the_vendors(row: UsartRow) -> None:
    blocks = {b.findtext("name"): b for b in ElementTree.parse(SVD).iter("peripheral")}
    block = blocks[row.name]
    assert int(block.findtext("baseAddress", ""), 16) == row.base
    irqs = {i.findtext("name"): i.findtext("value") for i in block.iter("interrupt")}
    assert irqs[row.name] == str(row.irq)
    fields = {
        (register.findtext("name"), field.findtext("name", "").removesuffix("R")): field
        for register in blocks["RCC"].iter("register")
        for field in register.iter("field")
    }
    enable = fields[f"APB{row.apb}ENR", f"{row.name}EN"]
    assert enable.findtext("bitOffset") == str(row.enable_bit)
    select = fields["DKCFGR2", f"{row.name}SEL"]
    assert select.findtext("bitOffset") == str(row.clock_select_bit)
