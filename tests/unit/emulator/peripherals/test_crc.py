"""The CRC unit against known CRCs."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.emulator.peripherals.board import RCC_AHB1ENR
from tests.unit.emulator.peripherals.fake_bus import Chip

DR, CR, INIT, POL = 0x4002_3000, 0x4002_3008, 0x4002_3010, 0x4002_3014
REVERSE_BYTES, REVERSE_OUT = 1 << 5, 1 << 7


def unit() -> Chip:
    chip = Chip()
    chip.set_bits(RCC_AHB1ENR, 1 << 12)
    return chip


def feed(chip: Chip, data: bytes) -> int:
    for byte in data:
        chip.write(DR, byte, width=1)
    return chip.read(DR)


@given(st.binary(max_size=40))
def test_reflected_it_is_the_crc_of_zlib(data: bytes) -> None:
    chip = unit()
    chip.write(CR, 1 | REVERSE_BYTES | REVERSE_OUT)
    assert feed(chip, data) ^ 0xFFFF_FFFF == zlib.crc32(data)


def test_a_word_is_its_bytes_from_the_top() -> None:
    words, octets = unit(), unit()
    words.write(DR, 0x1234_5678)
    halves = unit()
    halves.write(DR, 0x1234, width=2)
    halves.write(DR, 0x5678, width=2)
    assert words.read(DR) == feed(octets, b"\x12\x34\x56\x78") == halves.read(DR) == 0xDF8A_8A2B


@pytest.mark.parametrize(
    ("size", "polynomial", "start", "check"),
    [
        (1, 0x1021, 0xFFFF, 0x29B1),  # CRC-16/IBM-3740
        (2, 0x07, 0x00, 0xF4),  # CRC-8/SMBUS
        (3, 0x09, 0x00, 0x75),  # CRC-7/MMC
    ],
)
def test_check_values_of_the_catalogue(size: int, polynomial: int, start: int, check: int) -> None:
    chip = unit()
    chip.write(CR, size << 3)
    chip.write(POL, polynomial)
    chip.write(INIT, start)
    chip.write(CR, size << 3 | 1)
    assert feed(chip, b"123456789") == check


def test_reset_bit_starts_anew() -> None:
    chip = unit()
    feed(chip, b"abc")
    chip.write(CR, 1)
    assert chip.read(DR) == 0xFFFF_FFFF
    assert chip.read(CR) == 0
