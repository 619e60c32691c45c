"""What a debugger does to the memories and registers of a machine that stands still."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.cortex_m7.core import Core
from tflm_hil.emulator.io_router import IoRouter
from tflm_hil.emulator.memory import FLASH_AXI, FLASH_ITCM, Memory
from tflm_hil.emulator.native.library import Helper


class DebugAccess:
    """The bus as the debug access port sees it; the caller holds `Machine.paused()`.

    `store(address, data)` writes RAM as a bus master; `written` is called after each write, since
    a register may have asked for a reset.
    """

    def __init__(
        self,
        memory: Memory,
        io: IoRouter,
        core: Core,
        helper: Helper,
        *,
        store: Callable[[int, bytes], None],
        written: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._io = io
        self._core = core
        self._helper = helper
        self._store = store
        self._written = written

    def read(self, address: int, width: int) -> int:
        """Read 1, 2 or 4 bytes anywhere. Raises BusError."""
        if self._memory.find(address, width) is not None:
            return int.from_bytes(self._memory.read(address, width), "little")
        with self._io.as_debugger():
            return self._io.read(address, width)

    def write(self, address: int, width: int, value: int) -> None:
        """Write 1, 2 or 4 bytes anywhere. Raises BusError."""
        region = self._memory.find(address, width)
        with self._io.as_debugger():
            if region is None:
                self._io.write(address, width, value)
            elif region.writable:
                self._store(address, value.to_bytes(width, "little"))
            elif region.base in (FLASH_AXI, FLASH_ITCM):
                self._helper.flash_store(address - region.base, width, value)
        self._written()

    def write_block(self, address: int, data: bytes) -> bool:
        """Write a block of RAM at once; False if it is not all RAM."""
        region = self._memory.find(address, len(data))
        if region is None or not region.writable:
            return False
        self._store(address, data)
        return True

    def erase_flash(self) -> None:
        """Make the whole flash blank, as from the factory."""
        length = len(self._memory.flash)
        self._memory.flash[:] = b"\xff" * length
        for base in (FLASH_AXI, FLASH_ITCM):
            self._core.retranslate(base, length)
