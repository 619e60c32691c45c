"""Who answers an access outside the memories: a peripheral, the PPB, FLASH registers or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tflm_hil.emulator.bus import BusError, Peripheral
from tflm_hil.emulator.cortex_m7.core import Core
from tflm_hil.emulator.cortex_m7.ppb import PAGES
from tflm_hil.emulator.native.library import Helper

_FLASH_REGISTERS = range(0x40023C00, 0x40024000)
_PPB = 0xE0000000
_PAGE = 0x1000


class IoRouter:
    """Routes the accesses of the core, which come through the C helper, and of the debugger."""

    def __init__(
        self,
        helper: Helper,
        core: Core,
        peripherals: list[Peripheral],
        *,
        finding: Callable[[str, str], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`failed` is called with errors of the emulator itself, where nothing may be raised."""
        self._helper = helper
        self._core = core
        self._finding = finding
        self._failed = failed
        self.debugger_access = False
        self._blocks: dict[int, Peripheral] = {}
        for peripheral in peripherals:
            for block in range(peripheral.base >> 10, (peripheral.base + peripheral.length) >> 10):
                self._blocks[block] = peripheral
        pages = {block << 10 & ~(_PAGE - 1) for block in self._blocks}
        pages |= {_FLASH_REGISTERS.start & ~(_PAGE - 1), *PAGES}
        helper.connect_io(self._core_reads, self._core_writes)
        for first, length in _rows(sorted(pages)):
            helper.map_io(first, length)

    @contextmanager
    def as_debugger(self) -> Iterator[None]:
        """Accesses in here are a debugger's: privileged, and never the firmware's fault."""
        self.debugger_access = True
        try:
            yield
        finally:
            self.debugger_access = False
            self._helper.state.io_fault = self._helper.state.flash_findings = 0

    def read(self, address: int, width: int) -> int:
        """Read 1, 2 or 4 bytes. Raises BusError."""
        if address >= _PPB:
            self._check_privilege(address)
            return self._core.ppb.read(address, width, debugger=self.debugger_access)
        peripheral = self._blocks.get(address >> 10)
        if peripheral is not None:
            return peripheral.read(address - peripheral.base, width)
        if address in _FLASH_REGISTERS:
            return self._helper.flash_read(address - _FLASH_REGISTERS.start)
        raise self._nobody_there(address)

    def write(self, address: int, width: int, value: int) -> None:
        """Write 1, 2 or 4 bytes. Raises BusError."""
        if address >= _PPB:
            self._check_privilege(address)
            self._core.ppb.write(address, width, value, debugger=self.debugger_access)
            return
        peripheral = self._blocks.get(address >> 10)
        if peripheral is not None:
            peripheral.write(address - peripheral.base, width, value)
        elif address in _FLASH_REGISTERS:
            self._helper.flash_write(address - _FLASH_REGISTERS.start, value)
            if self._helper.state.io_fault:
                raise BusError(address)
        else:
            raise self._nobody_there(address)

    # --- called by the C helper, in the middle of a load or store ---------------------------

    def _core_reads(self, address: int, width: int) -> int:
        try:
            return self.read(address, width) & 0xFFFFFFFF
        except BusError:
            self._helper.state.io_fault = 1
        except Exception as error:  # an exception cannot pass through Unicorn
            self._give_up(error)
        return 0

    def _core_writes(self, address: int, width: int, value: int) -> None:
        try:
            self.write(address, width, value)
        except BusError:
            self._helper.state.io_fault = 1
        except Exception as error:  # an exception cannot pass through Unicorn
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._helper.state.io_fault = 1
        self._failed(error)

    def _check_privilege(self, address: int) -> None:
        if not self.debugger_access and not self._core.registers.privileged:
            raise BusError(address)

    def _nobody_there(self, address: int) -> BusError:
        self._finding(
            "not-modelled",
            f"the access to {address:#010x} found nothing there: either the address is wrong or "
            "the emulated board does not model this peripheral",
        )
        return BusError(address)


def _rows(pages: list[int]) -> Iterator[tuple[int, int]]:
    """Adjoining pages as (first address, length)."""
    first = end = pages[0]
    for page in pages:
        if page != end:
            yield first, end - first
            first = page
        end = page + _PAGE
    yield first, end - first
