"""The memories of an STM32F746ZG: host buffers that Unicorn executes from.

Source: RM0385, section 2.2. Flash answers at two addresses (AXI and ITCM bus) and is read-only to
Unicorn: stores go through the FLASH controller's rules in the C helper. The flash is a shared
mapping of a file, so it survives the process, however that ends.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from dataclasses import dataclass
from typing import Any

from unicorn import unicorn_const as uc

from tflm_hil.emulator.bus import BusError
from tflm_hil.errors import EmulatorError

FLASH_SIZE = 0x100000
FLASH_AXI, FLASH_ITCM = 0x08000000, 0x00200000
RAM, RAM_SIZE = 0x20000000, 0x50000  # DTCM 64 K, SRAM1 240 K, SRAM2 16 K in one row
ITCM, ITCM_SIZE = 0x00000000, 0x4000
SYSTEM, SYSTEM_SIZE = 0x1FF00000, 0x10000  # boot loader (absent), OTP, unique id
OPTIONS, OPTIONS_SIZE = 0x1FFF0000, 0x8000  # option bytes, package data
_UNIQUE_ID, _FLASH_KBYTES = 0x1FF0F420, 0x1FF0F442  # RM0385, section 41


@dataclass(frozen=True)
class Region:
    """A range of addresses and its bytes. `writable` is about stores by bus masters."""

    base: int
    length: int
    data: mmap.mmap
    writable: bool

    @property
    def permissions(self) -> int:
        """As Unicorn maps it while the MPU has no say: stores to flash have their own way."""
        return int(uc.UC_PROT_ALL if self.writable else uc.UC_PROT_READ | uc.UC_PROT_EXEC)

    def holds(self, address: int, length: int) -> bool:
        """True if the whole range is in here."""
        return self.base <= address and address + length <= self.base + self.length


def open_flash(fd: int, *, blank: bool) -> mmap.mmap:
    """Map the flash file `fd`, erased if `blank` or of a wrong size."""
    fresh = blank or os.fstat(fd).st_size != FLASH_SIZE
    os.ftruncate(fd, FLASH_SIZE)
    flash = mmap.mmap(fd, FLASH_SIZE)
    if fresh:
        flash[:] = b"\xff" * FLASH_SIZE
    return flash


def erased_flash() -> mmap.mmap:
    """An erased flash without a file."""
    flash = mmap.mmap(-1, FLASH_SIZE)
    flash[:] = b"\xff" * FLASH_SIZE
    return flash


class Memory:
    """All memories of one chip. `unique_id` is what firmware reads as the chip's 96-bit id."""

    def __init__(self, engine: Any, flash: mmap.mmap, unique_id: bytes) -> None:
        self.flash = flash
        self.ram = mmap.mmap(-1, RAM_SIZE)
        itcm = mmap.mmap(-1, ITCM_SIZE)
        system = mmap.mmap(-1, SYSTEM_SIZE)
        options = mmap.mmap(-1, OPTIONS_SIZE)
        system[:] = b"\xff" * SYSTEM_SIZE
        options[:] = b"\xff" * OPTIONS_SIZE
        system[_UNIQUE_ID - SYSTEM : _UNIQUE_ID - SYSTEM + 12] = unique_id[:12].ljust(12, b"\0")
        kbytes = FLASH_SIZE // 1024
        system[_FLASH_KBYTES - SYSTEM : _FLASH_KBYTES - SYSTEM + 2] = kbytes.to_bytes(2, "little")
        self.regions = (
            Region(RAM, RAM_SIZE, self.ram, writable=True),
            Region(FLASH_AXI, FLASH_SIZE, flash, writable=False),
            Region(FLASH_ITCM, FLASH_SIZE, flash, writable=False),
            Region(ITCM, ITCM_SIZE, itcm, writable=True),
            Region(SYSTEM, SYSTEM_SIZE, system, writable=False),
            Region(OPTIONS, OPTIONS_SIZE, options, writable=False),
        )
        self._pins: list[Any] = []  # keep the buffers exported while Unicorn uses them
        self.host_addresses: dict[int, int] = {}
        for region in self.regions:
            self._map(engine, region)

    def _map(self, engine: Any, region: Region) -> None:
        pin = ctypes.c_char.from_buffer(region.data)
        self._pins.append(pin)
        host = ctypes.addressof(pin)
        self.host_addresses[region.base] = host
        try:
            # Mapped read-only from the start, Unicorn would let stores through.
            engine.mem_map_ptr(region.base, region.length, uc.UC_PROT_ALL, host)
            if not region.writable:
                engine.mem_protect(region.base, region.length, region.permissions)
        except Exception as error:
            raise EmulatorError(f"cannot map memory at {region.base:#010x}: {error}") from error

    def find(self, address: int, length: int = 1) -> Region | None:
        """The memory that holds this whole range."""
        for region in self.regions:
            if region.holds(address, length):
                return region
        return None

    def read(self, address: int, length: int) -> bytes:
        """Bytes of any memory. Raises BusError."""
        region = self.find(address, length)
        if region is None:
            raise BusError(address)
        start = address - region.base
        return region.data[start : start + length]

    def read_word(self, address: int) -> int:
        """A little-endian word. Raises BusError."""
        return int.from_bytes(self.read(address, 4), "little")

    def write(self, address: int, data: bytes) -> None:
        """Store to RAM. Raises BusError elsewhere; translated code is the caller's business."""
        region = self.find(address, len(data))
        if region is None or not region.writable:
            raise BusError(address)
        start = address - region.base
        region.data[start : start + len(data)] = data
