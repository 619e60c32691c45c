"""Cacheability as the MPU and the default map give it."""

from __future__ import annotations

from tflm_hil.emulator.cortex_m7.mpu import CTRL_ENABLE, CTRL_PRIVDEFENA, Region, cacheable

SRAM1 = 0x2001_0000
SRAM2 = 0x2004_C000
ON = CTRL_ENABLE | CTRL_PRIVDEFENA
# 16 KB (SIZE 13), TEX 1, C 0, B 0, shareable, XN, full access: Normal non-cacheable.
NON_CACHEABLE = Region(SRAM2, 1 << 28 | 3 << 24 | 1 << 19 | 1 << 18 | 13 << 1 | 1)
# 4 GB, no access, subregions 0-2 and 7 off: strongly ordered only from 0x60000000 to 0xDFFFFFFF.
NO_EXTERNAL = Region(0, 1 << 28 | 0x87 << 8 | 31 << 1 | 1)


def test_sram_is_cacheable_by_default_and_tcm_never() -> None:
    assert cacheable(SRAM1, dcache_on=True, mpu_ctrl=0, regions=[])
    assert not cacheable(SRAM1, dcache_on=False, mpu_ctrl=0, regions=[])
    assert not cacheable(0x2000_0000, dcache_on=True, mpu_ctrl=0, regions=[])
    assert not cacheable(0x4000_4800, dcache_on=True, mpu_ctrl=0, regions=[])


def test_a_region_overrides_the_default_map_only_inside_itself_and_only_when_on() -> None:
    regions = [NO_EXTERNAL, NON_CACHEABLE]
    assert not cacheable(SRAM2, dcache_on=True, mpu_ctrl=ON, regions=regions)
    assert not cacheable(SRAM2 + 0x3FFF, dcache_on=True, mpu_ctrl=ON, regions=regions)
    assert cacheable(SRAM2 - 1, dcache_on=True, mpu_ctrl=ON, regions=regions)
    assert cacheable(SRAM2, dcache_on=True, mpu_ctrl=0, regions=regions)


def test_disabled_subregions_fall_through() -> None:
    assert cacheable(SRAM1, dcache_on=True, mpu_ctrl=ON, regions=[NO_EXTERNAL])
    assert not cacheable(0x6000_0000, dcache_on=True, mpu_ctrl=ON, regions=[NO_EXTERNAL])


def test_the_higher_region_wins() -> None:
    write_back = Region(SRAM2, 3 << 24 | 1 << 19 | 3 << 16 | 13 << 1 | 1)
    assert cacheable(SRAM2, dcache_on=True, mpu_ctrl=ON, regions=[NON_CACHEABLE, write_back])
    assert not cacheable(SRAM2, dcache_on=True, mpu_ctrl=ON, regions=[write_back, NON_CACHEABLE])
