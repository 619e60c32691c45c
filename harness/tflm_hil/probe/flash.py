"""Programming flash through an open pyOCD session: a firmware image, and models in the slot.

Both verify by reading back. Before either, the core must have been reset and halted: a reset turns
caches and DMA off, so the algorithm's stores reach the flash and the read-back does not come from
a stale cache line.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_hil.errors import FirmwareTooBig, FlashError
from tflm_hil.models.slot.slot import (
    HEADER_BYTES,
    SLOT_ADDRESS,
    SLOT_BYTES,
    Directory,
    SlotEntry,
    plan_append,
    read_directory,
)

FLASH_ADDRESS = 0x08000000
# The algorithm's page buffer is the last thing in the RAM it uses, so it may be as long as this;
# larger transfers save round trips to the probe.
_CHUNK_BYTES = 8 * 1024


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


def elf_segments(elf: Path) -> list[Segment]:
    """What an ELF puts into flash, by address.

    Raises FlashError for a file that is no ELF, FirmwareTooBig when it reaches into the model slot.
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
        if not FLASH_ADDRESS <= segment.address <= segment.end <= SLOT_ADDRESS:
            raise FirmwareTooBig(
                f"{elf.name} loads {segment.address:#010x}..{segment.end - 1:#010x}; the firmware "
                f"has {FLASH_ADDRESS:#010x}..{SLOT_ADDRESS - 1:#010x}",
                remedy="make the firmware smaller; the flash behind it holds the models",
            )
    return sorted(segments, key=lambda segment: segment.address)


def program_firmware(session: Any, elf: Path) -> FlashResult:
    """Bring an ELF into flash, sector by sector where it differs, and verify it."""
    began = time.perf_counter()
    segments = elf_segments(elf)
    programmed = erased = 0
    for region, parts in _by_region(session, segments):
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


def store_models(session: Any, entries: Sequence[SlotEntry]) -> FlashResult:
    """Bring models into the slot: append what is missing, erase only when that cannot be.

    Raises ModelTooBig before anything is changed.
    """
    began = time.perf_counter()
    plan = plan_append(
        slot_directory(session), entries, lambda offset, length: _is_blank(session, offset, length)
    )
    flash = session.target.memory_map.get_region_for_address(SLOT_ADDRESS).flash
    erased = _erase_slot(flash) if plan.erase else 0
    parts = []
    for offset, entry in plan.writes:
        address = SLOT_ADDRESS + offset
        # The header goes last: a cut-off append must not look like a model.
        parts.append(Segment(address + HEADER_BYTES, entry.payload()))
        parts.append(Segment(address, entry.header()))
    if parts:
        flash.init(flash.Operation.PROGRAM)
        for part in parts:
            _program(flash, part)
        flash.cleanup()
    for part in parts:
        verify(session, part)
    programmed = sum(len(part.data) for part in parts)
    return FlashResult(programmed, erased, time.perf_counter() - began, plan.reason)


def erase_slot(session: Any) -> FlashResult:
    """Erase the model slot whatever it holds."""
    began = time.perf_counter()
    flash = session.target.memory_map.get_region_for_address(SLOT_ADDRESS).flash
    erased = _erase_slot(flash)
    flash.cleanup()
    return FlashResult(0, erased, time.perf_counter() - began, "erased on request")


def slot_directory(session: Any, *, check_models: bool = True) -> Directory:
    """What the slot holds; see `tflm_hil.models.slot.slot.read_directory`."""

    def read(offset: int, length: int) -> bytes:
        return read_bytes(session, SLOT_ADDRESS + offset, length)

    return read_directory(read, SLOT_BYTES, check_models=check_models)


def read_bytes(session: Any, address: int, length: int) -> bytes:
    """Memory of the target, any alignment, in whole words where it can be."""
    start = address & ~3
    words = session.target.read_memory_block32(start, (address + length - start + 3) // 4)
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return data[address - start :][:length]


def _by_region(session: Any, segments: Sequence[Segment]) -> list[tuple[Any, list[Segment]]]:
    """Segments cut at the borders of pyOCD's flash regions, one builder each."""
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


def _erase_slot(flash: Any) -> int:
    flash.init(flash.Operation.ERASE)
    sectors = range(SLOT_ADDRESS, SLOT_ADDRESS + SLOT_BYTES, flash.region.sector_size)
    for address in sectors:
        flash.erase_sector(address)
    flash.uninit()
    return len(sectors)


def _program(flash: Any, part: Segment) -> None:
    for offset in range(0, len(part.data), _CHUNK_BYTES):
        flash.program_page(part.address + offset, part.data[offset : offset + _CHUNK_BYTES])


def _is_blank(session: Any, offset: int, length: int) -> bool:
    return read_bytes(session, SLOT_ADDRESS + offset, length).count(0xFF) == length


def verify(session: Any, segment: Segment) -> None:
    """Read back and compare. Raises FlashError with the first address that differs."""
    found = read_bytes(session, segment.address, len(segment.data))
    if found == segment.data:
        return
    offset = next(i for i, (a, b) in enumerate(zip(found, segment.data, strict=True)) if a != b)
    raise FlashError(
        f"flash reads back {found[offset]:#04x} instead of {segment.data[offset]:#04x} at "
        f"{segment.address + offset:#010x}",
        remedy="flash it again; if it stays so, the sector is worn out or write-protected",
    )
