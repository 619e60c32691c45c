"""Makes Unicorn refuse what the MPU forbids.

The permissions of privileged code are laid over Unicorn's mappings in units of 1 KB, which costs
nothing while the core runs. Not enforced: regions smaller than that, permissions of unprivileged
code where they differ, and those of peripherals.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from unicorn import unicorn_const as uc

from tflm_hil.emulator.cortex_m7.mpu_registers import MpuRegisters
from tflm_hil.emulator.memory import Memory, Region

_UNIT = 1024


class MemoryProtection:
    """Follows the MPU's registers; `apply()` while the core stands still."""

    def __init__(self, engine: Any, memory: Memory, mpu: MpuRegisters) -> None:
        self._engine = engine
        self._memory = memory
        self._mpu = mpu
        # What each stretch of each memory is mapped as, where that is not its own default.
        self._restricted: dict[tuple[int, int], int] = {}

    def apply(self) -> None:
        """Map every memory as the MPU allows now."""
        wanted: dict[tuple[int, int], int] = {}
        for region in self._memory.regions:
            pieces = [(*piece, self._permissions(region, *piece)) for piece in self._cut(region)]
            for permissions, same in groupby(pieces, key=itemgetter(2)):
                if permissions != region.permissions:
                    row = list(same)
                    wanted[row[0][0], row[-1][1]] = permissions
        if wanted == self._restricted:
            return
        for first, end in self._restricted:
            here = self._memory.find(first)
            assert here is not None
            self._engine.mem_protect(first, end - first, here.permissions)
        for (first, end), permissions in wanted.items():
            self._engine.mem_protect(first, end - first, permissions)
        self._restricted = wanted
        self._engine.ctl_flush_tb()

    def _cut(self, region: Region) -> list[tuple[int, int]]:
        """The region in pieces whose permissions are the same, or that are one unit long."""
        last = region.base + region.length
        cuts = {region.base, last}
        for edge in self._mpu.edges():
            cuts |= {edge // _UNIT * _UNIT, -(-edge // _UNIT) * _UNIT}
        return list(pairwise(sorted(cut for cut in cuts if region.base <= cut <= last)))

    def _permissions(self, region: Region, first: int, end: int) -> int:
        """What is allowed anywhere in this piece: better too much than a fault out of nowhere."""
        edges = {edge for edge in self._mpu.edges() if first < edge < end}
        allowed = 0
        for address in {first} | edges:
            access = self._mpu.access(address)
            allowed |= uc.UC_PROT_READ if access.read else 0
            allowed |= uc.UC_PROT_WRITE if access.write else 0
            allowed |= uc.UC_PROT_EXEC if access.execute else 0
        return region.permissions & allowed
