"""What the default memory map and the MPU over it say about an address.

Cacheability decides whether DMA sees stale memory; the permissions of privileged code are enforced
by `tflm_hil.emulator.cortex_m7.memory_protection`.

Source: ARMv7-M Architecture Reference Manual (DDI 0403), B3.1 (default map) and B3.5 (PMSAv7);
region n wins over region n - 1, subregions exist from 256 bytes up.
"""

from __future__ import annotations

from dataclasses import dataclass

CTRL_ENABLE = 1 << 0
CTRL_HFNMIENA = 1 << 1
CTRL_PRIVDEFENA = 1 << 2
RASR_ENABLE = 1 << 0

DTCM = range(0x2000_0000, 0x2001_0000)
ITCM = range(0x0000_0000, 0x0000_4000)


@dataclass(frozen=True)
class Access:
    """What may be done at an address."""

    read: bool
    write: bool
    execute: bool


EVERYTHING = Access(read=True, write=True, execute=True)
NOTHING = Access(read=False, write=False, execute=False)


@dataclass(frozen=True)
class Region:
    """One MPU region as its two registers hold it."""

    rbar: int
    rasr: int

    def covers(self, address: int) -> bool:
        """True if the region is on and this address is in one of its enabled subregions."""
        if not self.rasr & RASR_ENABLE:
            return False
        log2_size = (self.rasr >> 1 & 0x1F) + 1
        base = self.rbar & ~((1 << log2_size) - 1) & 0xFFFF_FFE0
        offset = address - base
        if not 0 <= offset < 1 << log2_size:
            return False
        subregion_disable = self.rasr >> 8 & 0xFF if log2_size >= 8 else 0
        return not subregion_disable >> (offset >> (log2_size - 3)) & 1

    @property
    def edges(self) -> list[int]:
        """First address, the boundaries of the subregions, and the address behind the last."""
        log2_size = (self.rasr >> 1 & 0x1F) + 1
        base = self.rbar & ~((1 << log2_size) - 1) & 0xFFFF_FFE0
        step = 1 << (log2_size - 3 if log2_size >= 8 else log2_size)
        return list(range(base, base + (1 << log2_size) + 1, step))

    @property
    def access(self) -> Access:
        """What privileged code may do (DDI 0403, table B3-15)."""
        permission = self.rasr >> 24 & 7
        readable = permission != 0 and permission != 4
        return Access(readable, permission in {1, 2, 3}, readable and not self.rasr >> 28 & 1)

    @property
    def cacheable(self) -> bool:
        """Inner cacheability from TEX, C, B (DDI 0403, table B3-13)."""
        tex, c, b = self.rasr >> 19 & 7, self.rasr >> 17 & 1, self.rasr >> 16 & 1
        if tex & 4:
            return (c << 1 | b) != 0
        return (tex, c, b) in {(0, 1, 0), (0, 1, 1), (1, 1, 1)}


def cacheable_by_default(address: int) -> bool:
    """The default map: Normal, cacheable below 0x40000000 and in the external RAM ranges."""
    return address < 0x4000_0000 or 0x6000_0000 <= address < 0xA000_0000


def cacheable(address: int, *, dcache_on: bool, mpu_ctrl: int, regions: list[Region]) -> bool:
    """True if the D-cache may hold a line of `address`. `regions` in ascending number."""
    if not dcache_on or address in DTCM or address in ITCM:  # the TCMs are never cached
        return False
    if mpu_ctrl & CTRL_ENABLE:
        for region in reversed(regions):
            if region.covers(address):
                return region.cacheable
        if not mpu_ctrl & CTRL_PRIVDEFENA:
            return False
    return cacheable_by_default(address)


def access(address: int, *, mpu_ctrl: int, regions: list[Region]) -> Access:
    """What the MPU lets privileged code do. The PPB is beyond its reach."""
    if not mpu_ctrl & CTRL_ENABLE or address >> 20 == 0xE00:
        return EVERYTHING
    for region in reversed(regions):
        if region.covers(address):
            return region.access
    return EVERYTHING if mpu_ctrl & CTRL_PRIVDEFENA else NOTHING
