"""The MPU's registers: eight regions. Source: DDI 0403E, B3.5."""

from __future__ import annotations

from harness.emulator.mpu import Region, cacheable

TYPE, CTRL, RNR = 0xE000ED90, 0xE000ED94, 0xE000ED98
_RBAR_RASR = range(0xE000ED9C, 0xE000EDBC)
REGIONS = 8
_VALID = 1 << 4


class MpuRegisters:
    """Keeps what firmware programs; what it means is computed in `harness.emulator.mpu`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """System reset: off."""
        self._control = 0
        self._number = 0
        self._regions = [Region(0, 0)] * REGIONS

    def cacheable(self, address: int, *, dcache_on: bool) -> bool:
        """True if the D-cache may hold a line of `address`."""
        return cacheable(
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
