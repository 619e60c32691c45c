"""The MPU's registers: eight regions. Source: DDI 0403E, B3.5."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.cortex_m7 import mpu
from tflm_hil.emulator.cortex_m7.mpu import CTRL_ENABLE, CTRL_HFNMIENA, Access, Region

TYPE, CTRL, RNR = 0xE000ED90, 0xE000ED94, 0xE000ED98
_RBAR_RASR = range(0xE000ED9C, 0xE000EDBC)
REGIONS = 8
_VALID = 1 << 4


class MpuRegisters:
    """Keeps what firmware programs; what it means is computed in `tflm_hil.emulator.cortex_m7.mpu`.

    `on_change` is called when the permissions may have changed.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.suspended = False  # in HardFault and NMI handlers, unless HFNMIENA
        self.reset()

    def reset(self) -> None:
        """System reset: off."""
        self._control = 0
        self._number = 0
        self._regions = [Region(0, 0)] * REGIONS
        self._on_change()

    @property
    def _effective_control(self) -> int:
        suspended = self.suspended and not self._control & CTRL_HFNMIENA
        return self._control & ~CTRL_ENABLE if suspended else self._control

    def access(self, address: int) -> Access:
        """What privileged code may do at `address` now."""
        return mpu.access(address, mpu_ctrl=self._effective_control, regions=self._regions)

    def edges(self) -> set[int]:
        """Where permissions may change from one address to the next."""
        if not self._effective_control & CTRL_ENABLE:
            return set()
        enabled = [region for region in self._regions if region.rasr & 1]
        return {edge for region in enabled for edge in region.edges}

    def suspend(self, suspended: bool) -> None:
        """The core runs at a negative priority, or no longer does."""
        if suspended != self.suspended:
            self.suspended = suspended
            if self._control & CTRL_ENABLE:
                self._on_change()

    def cacheable(self, address: int, *, dcache_on: bool) -> bool:
        """True if the D-cache may hold a line of `address`."""
        return mpu.cacheable(
            address, dcache_on=dcache_on, mpu_ctrl=self._control, regions=self._regions
        )

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        """A word."""
        if address == TYPE:
            return REGIONS << 8
        if address == CTRL:
            return self._control
        if address == RNR:
            return self._number
        region = self._regions[self._number]
        if (address - _RBAR_RASR.start) & 4:
            return region.rasr
        return region.rbar & ~0x1F | self._number

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """A word; RBAR and RASR also at their three aliases."""
        was_enabled = self._control & CTRL_ENABLE
        self._store(address, value)
        if was_enabled or self._control & CTRL_ENABLE:
            self._on_change()

    def _store(self, address: int, value: int) -> None:
        if address == CTRL:
            self._control = value & 7
        elif address == RNR:
            self._number = value % REGIONS
        elif address in _RBAR_RASR:
            if (address - _RBAR_RASR.start) & 4:
                region = self._regions[self._number]
                self._regions[self._number] = Region(region.rbar, value)
            else:
                if value & _VALID:
                    self._number = value % REGIONS
                rasr = self._regions[self._number].rasr
                self._regions[self._number] = Region(value & ~0x1F, rasr)
