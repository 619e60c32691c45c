"""Programming flash through an open pyOCD session: a firmware image, and models in the slot.

Both verify by reading back. Before either, the core must have been reset and halted: a reset turns
caches and DMA off, so the algorithm's stores reach the flash and the read-back does not come from
a stale cache line.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError, FirmwareTooBig, FlashError
from tflm_hil.models.slot.slot import (
    HEADER_BYTES,
    Directory,
    SlotEntry,
    plan_append,
    read_directory,
)
from tflm_hil.probe.flash_layout import FlashLayout


@dataclass(frozen=True)
class FlashResult:
    """What was done to the flash: bytes programmed (0 when all was there), sectors erased.

    `seconds` is erasing, programming and verifying; `connect_seconds` is all else of the call:
    connecting, resetting, and importing pyOCD if it was the first one.
    """

    bytes: int
    erased_sectors: int
    seconds: float
    reason: str = ""
    connect_seconds: float = 0.0


@dataclass(frozen=True)
class Segment:
    """Bytes of an ELF and the flash address they are loaded to."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """Address behind the last byte."""
        return self.address + len(self.data)


def elf_segments(elf: Path, layout: FlashLayout) -> list[Segment]:
    """What an ELF puts into flash, by address.

    Raises FlashError for a file that is no ELF, FirmwareTooBig when it leaves the firmware's flash.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            segments = [
                Segment(header["p_paddr"], header.data())
                for header in ELFFile(file).iter_segments("PT_LOAD")
                if header["p_filesz"]
            ]
    except (OSError, ELFError) as error:
        raise FlashError(
            f"{elf} cannot be read as an ELF: {error}", remedy="build the firmware again"
        ) from error
    for segment in segments:
        if not layout.firmware_address <= segment.address <= segment.end <= layout.firmware_end:
            raise FirmwareTooBig(
                f"{elf.name} loads {segment.address:#010x}..{segment.end - 1:#010x}; the firmware "
                f"has {layout.firmware_address:#010x}..{layout.firmware_end - 1:#010x}",
                remedy="make the firmware smaller, or link it to there; the models lie elsewhere",
            )
    return sorted(segments, key=lambda segment: segment.address)


def program_firmware(session: Any, layout: FlashLayout, elf: Path) -> FlashResult:
    """Bring an ELF into flash, sector by sector where it differs, and verify it."""
    began = time.perf_counter()
    segments = elf_segments(elf, layout)
    programmed = erased = 0
    for region, parts in _in_regions(session, segments):
        builder = region.flash.get_flash_builder()
        builder.log_performance = False
        for part in parts:
            builder.add_data(part.address, part.data)
        options = {"smart_flash": True, "fast_verify": False, "keep_unwritten": False}
        builder.erase(chip_erase="sector", **options)
        done = builder.program(**options)
        programmed += done.program_byte_count
        erased += done.erase_sector_count
    for segment in segments:
        verify(session, segment)
    reason = "programmed" if programmed else "already there"
    return FlashResult(programmed, erased, time.perf_counter() - began, reason)


def store_models(session: Any, layout: FlashLayout, entries: Sequence[SlotEntry]) -> FlashResult:
    """Bring models into the slot: append what is missing, erase only when that cannot be.

    Raises ModelTooBig before anything is changed.
    """
    began = time.perf_counter()

    def is_blank(offset: int, length: int) -> bool:
        return read_bytes(session, layout.slot_address + offset, length).count(0xFF) == length

    plan = plan_append(slot_directory(session, layout), entries, is_blank)
    erased = _erase_slot(session, layout) if plan.erase else 0
    parts = []
    for offset, entry in plan.writes:
        address = layout.slot_address + offset
        # The header goes last: a cut-off append must not look like a model.
        parts.append(Segment(address + HEADER_BYTES, entry.payload()))
        parts.append(Segment(address, entry.header()))
    for region, pieces in _in_regions(session, parts):
        region.flash.init(region.flash.Operation.PROGRAM)
        for piece in pieces:
            _program(session, region.flash, piece)
        region.flash.cleanup()
    for part in parts:
        verify(session, part)
    programmed = sum(len(part.data) for part in parts)
    return FlashResult(programmed, erased, time.perf_counter() - began, plan.reason)


def erase_slot(session: Any, layout: FlashLayout) -> FlashResult:
    """Erase the model slot whatever it holds."""
    began = time.perf_counter()
    erased = _erase_slot(session, layout)
    return FlashResult(0, erased, time.perf_counter() - began, "erased on request")


def slot_directory(session: Any, layout: FlashLayout, *, check_models: bool = True) -> Directory:
    """What the slot holds; see `tflm_hil.models.slot.slot.read_directory`."""

    def read(offset: int, length: int) -> bytes:
        return read_bytes(session, layout.slot_address + offset, length)

    return read_directory(read, layout.slot_bytes, check_models=check_models)


def read_bytes(session: Any, address: int, length: int) -> bytes:
    """Memory of the target, any alignment, in whole words where it can be."""
    start = address & ~3
    words = session.target.read_memory_block32(start, (address + length - start + 3) // 4)
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return data[address - start :][:length]


def _in_regions(session: Any, segments: Sequence[Segment]) -> list[tuple[Any, list[Segment]]]:
    """Segments cut at the borders of pyOCD's flash regions, in their order, by region."""
    regions: dict[int, tuple[Any, list[Segment]]] = {}
    for segment in segments:
        address = segment.address
        while address < segment.end:
            region = session.target.memory_map.get_region_for_address(address)
            stop = min(segment.end, region.end + 1)
            data = segment.data[address - segment.address : stop - segment.address]
            regions.setdefault(region.start, (region, []))[1].append(Segment(address, data))
            address = stop
    return [regions[start] for start in sorted(regions)]


def slot_sectors(memory_map: Any, layout: FlashLayout) -> list[tuple[Any, int]]:
    """The sectors that make the slot up, each as (pyOCD's flash region, address).

    Raises ConfigurationError if they are no whole sectors: erasing would take something else too.
    """
    sectors = []
    address = layout.slot_address
    while address < layout.slot_end:
        region = memory_map.get_region_for_address(address)
        if region is None or not region.is_flash or (address - region.start) % region.sector_size:
            break
        sectors.append((region, address))
        address += region.sector_size
    if address != layout.slot_end:
        raise ConfigurationError(
            f"the model slot {layout.slot_address:#010x}..{layout.slot_end - 1:#010x} is not made "
            f"of whole flash sectors of the chip (up to {address:#010x} it would be)",
            remedy="correct flash.slot_address and flash.slot_bytes in the board file",
        )
    return sectors


def _erase_slot(session: Any, layout: FlashLayout) -> int:
    sectors = slot_sectors(session.target.memory_map, layout)
    for region, addresses in groupby(sectors, key=itemgetter(0)):
        flash = region.flash
        flash.init(flash.Operation.ERASE)
        for _, address in addresses:
            flash.erase_sector(address)
        flash.cleanup()
    return len(sectors)


def _program(session: Any, flash: Any, part: Segment) -> None:
    step = session.target.PROGRAM_BYTES
    for offset in range(0, len(part.data), step):
        flash.program_page(part.address + offset, part.data[offset : offset + step])


def verify(session: Any, segment: Segment) -> None:
    """Read back and compare. Raises FlashError with the first address that differs."""
    read_back = read_bytes(session, segment.address, len(segment.data))
    if read_back == segment.data:
        return
    offset = next(i for i, (a, b) in enumerate(zip(read_back, segment.data, strict=True)) if a != b)
    raise FlashError(
        f"flash reads back {read_back[offset]:#04x} instead of {segment.data[offset]:#04x} at "
        f"{segment.address + offset:#010x}",
        remedy="flash it again; if it stays so, the sector is worn out or write-protected",
    )
