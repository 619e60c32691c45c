"""Findings, the virtual clock, the PPB's byte lanes, the debug port's bytes."""

from __future__ import annotations

import pytest
from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7 import rom_tables
from tflm_hil.emulator.cortex_m7.ppb import Ppb
from tflm_hil.emulator.findings import Findings
from tflm_hil.emulator.flash_rules import FLASH_RULES
from tflm_hil.emulator.native.library import FlashFinding
from tflm_hil.emulator.outside.wire import REQUEST, Op, pack_words, unpack_words
from tflm_hil.emulator.virtual_clock import VirtualClock


def test_the_same_finding_is_counted_not_repeated() -> None:
    findings = Findings()
    findings.add("rule", "one", pc=0x100)
    findings.add("rule", "one", pc=0x200)
    findings.add("rule", "two", pc=0x300)
    assert findings.as_json() == [
        {"rule": "rule", "sentence": "one", "pc": 0x100, "count": 2},
        {"rule": "rule", "sentence": "two", "pc": 0x300, "count": 1},
    ]
    findings.clear()
    assert findings.as_json() == []


def test_every_flash_finding_has_words() -> None:
    assert set(FLASH_RULES) == set(FlashFinding)


def test_seconds_add_up_over_frequency_changes() -> None:
    clock = VirtualClock(16_000_000)
    clock.set_frequency(216_000_000, 16_000_000)
    assert clock.seconds(16_000_000) == pytest.approx(1.0)
    assert clock.seconds(16_000_000 + 216_000_000) == pytest.approx(2.0)


class Words:
    def __init__(self) -> None:
        self.words: dict[int, int] = {}

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        return self.words.get(address, 0)

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        self.words[address] = value


def test_bytes_of_priorities_are_merged_and_bytes_of_clear_bits_are_not() -> None:
    ppb, words = Ppb(), Words()
    ppb.attach(0xE000E000, 0xE000EFFC, words)
    words.words = {0xE000E404: 0x11223344, 0xE000ED28: 0x00010001}
    ppb.write(0xE000E406, 1, 0xAA, debugger=False)
    assert words.words[0xE000E404] == 0x11AA3344
    ppb.write(0xE000ED2A, 2, 1, debugger=False)
    assert words.words[0xE000ED28] == 0x00010000
    assert ppb.read(0xE000E406, 1, debugger=False) == 0xAA


def test_absent_ppb_pages_are_bus_errors() -> None:
    with pytest.raises(BusError):
        Ppb().read(0xE0050000, 4, debugger=False)
    with pytest.raises(BusError):
        Ppb().write(0xE0050000, 4, 0, debugger=False)


@pytest.mark.parametrize(
    ("page", "part", "designer"),
    [(0xE000E000, 0x00C, 0x43B), (0xE00FF000, 0x4C7, 0x43B), (0xE00FD000, 0x449, 0x020)],
)
def test_identification_reads_back(page: int, part: int, designer: int) -> None:
    words = rom_tables.PAGES[page]
    assert words[0xFE0] | (words[0xFE4] & 0xF) << 8 == part
    jep106 = words[0xFE4] >> 4 | (words[0xFE8] & 7) << 4
    assert words[0xFD0] << 8 | jep106 == designer
    assert [words[0xFF0 + 4 * i] & ~0xF0 for i in range(4)] == [0x0D, 0x00, 0x05, 0xB1 & ~0xF0]


def test_rom_table_entries_point_to_components() -> None:
    for table in (0xE00FF000, 0xE00FE000, 0xE00FD000):
        entries = [w for offset, w in rom_tables.PAGES[table].items() if offset < 0x20]
        for entry in entries:
            assert (table + (entry & ~0xFFF)) & 0xFFFFFFFF in rom_tables.PAGES


def test_requests_are_six_little_endian_bytes() -> None:
    assert REQUEST.pack(Op.WRITE_AP, 0x0C, 0x11223344) == bytes.fromhex("040c44332211")
    assert unpack_words(pack_words([1, 0xFFFFFFFF])) == [1, 0xFFFFFFFF]
