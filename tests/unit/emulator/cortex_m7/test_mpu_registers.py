"""The MPU's registers and the permissions they mean."""

from __future__ import annotations

from tflm_hil.emulator.cortex_m7.mpu import EVERYTHING, NOTHING
from tflm_hil.emulator.cortex_m7.mpu_registers import MpuRegisters

CTRL, RNR, RBAR, RASR = 0xE000ED94, 0xE000ED98, 0xE000ED9C, 0xE000EDA0
NO_ACCESS, READ_ONLY, FULL, XN = 0, 6 << 24, 3 << 24, 1 << 28


def _mpu(control: int, *regions: tuple[int, int]) -> MpuRegisters:
    mpu = MpuRegisters(lambda: None)
    for number, (base, attributes) in enumerate(regions):
        mpu.write(RNR, number, debugger=False)
        mpu.write(RBAR, base, debugger=False)
        mpu.write(RASR, attributes | 1, debugger=False)
    mpu.write(CTRL, control, debugger=False)
    return mpu


def test_registers_read_back_by_region() -> None:
    mpu = _mpu(0, (0x20000000, FULL | 9 << 1), (0x08000000, READ_ONLY | 19 << 1))
    mpu.write(RNR, 0, debugger=False)
    assert mpu.read(RBAR, debugger=False) == 0x20000000
    assert mpu.read(RASR, debugger=False) == FULL | 9 << 1 | 1
    mpu.write(RBAR, 0x30000000 | 1 << 4 | 5, debugger=False)  # VALID selects region 5
    assert mpu.read(RNR, debugger=False) == 5
    assert mpu.read(0xE000ED90, debugger=False) == 0x800


def test_permissions_of_privileged_code() -> None:
    mpu = _mpu(
        5, (0x0, NO_ACCESS | 13 << 1), (0x1000, READ_ONLY | 11 << 1), (0x2000, FULL | XN | 23)
    )
    assert mpu.access(0x0) == NOTHING
    assert mpu.access(0x1000).read
    assert not mpu.access(0x1000).write
    assert mpu.access(0x2000).write
    assert not mpu.access(0x2000).execute
    assert mpu.access(0x4000) == EVERYTHING  # PRIVDEFENA


def test_without_background_region_everything_else_is_forbidden_but_the_ppb() -> None:
    mpu = _mpu(1, (0x20000000, FULL | 15 << 1))
    assert mpu.access(0x08000000) == NOTHING
    assert mpu.access(0xE000ED00) == EVERYTHING
    assert _mpu(0).access(0x08000000) == EVERYTHING


def test_it_is_off_in_hard_fault_unless_asked_for() -> None:
    for control, access in ((5, EVERYTHING), (7, NOTHING)):
        mpu = _mpu(control, (0x0, NO_ACCESS | 13 << 1))
        mpu.suspend(True)
        assert mpu.access(0x0) == access
        mpu.suspend(False)
        assert mpu.access(0x0) == NOTHING


def test_a_change_is_told_only_while_it_matters() -> None:
    changes: list[int] = []
    mpu = MpuRegisters(lambda: changes.append(1))
    changes.clear()
    mpu.write(RBAR, 0x20000000, debugger=False)
    assert not changes
    mpu.write(CTRL, 5, debugger=False)
    mpu.write(RASR, FULL | 15 << 1 | 1, debugger=False)
    assert len(changes) == 2


def test_edges_are_where_permissions_may_change() -> None:
    mpu = _mpu(5, (0x20000000, FULL | 9 << 1))
    assert {0x20000000, 0x20000400, 0x20000080} <= mpu.edges()
    mpu.write(CTRL, 0, debugger=False)
    assert mpu.edges() == set()
