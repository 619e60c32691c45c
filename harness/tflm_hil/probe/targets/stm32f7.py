"""STM32F7 chips as pyOCD targets; pyOCD itself has none of the STM32F74x without a CMSIS pack.

The flash controller is the one of the STM32F767 in single-bank mode, so pyOCD's own flash
algorithm for that part is used as it is; only the sectors differ (RM0385, table 3).

Importing this module imports pyOCD: do it late.
"""

from __future__ import annotations

import time
from typing import Any

from pyocd.core import exceptions
from pyocd.core.memory_map import DeviceRegion, FlashRegion, MemoryMap, RamRegion, RomRegion
from pyocd.coresight.coresight_target import CoreSightTarget
from pyocd.coresight.cortex_m import CortexM
from pyocd.coresight.minimal_mem_ap import MinimalMemAP
from pyocd.target.builtin.target_STM32F767xx import FLASH_ALGO

from tflm_hil.probe.clock_tree import ClockTree, read_clock_tree

_KB = 1024
_PAGE_BYTES = FLASH_ALGO["page_size"]
_DBGMCU_IDCODE = 0xE0042000
# DBGMCU_CR, RM0385 40.16.3: DBG_SLEEP | DBG_STOP | DBG_STANDBY keep the debug clocks on.
_DBGMCU_CR = 0xE0042004
_DBG_LOW_POWER = 0b111
_RESET_RELEASE_S = 0.01


def _flash(name: str, start: int, length: int, sector: int, *, boot: bool = False) -> Any:
    return FlashRegion(
        name=name,
        start=start,
        length=length,
        sector_size=sector,
        page_size=_PAGE_BYTES,
        is_boot_memory=boot,
        algo=FLASH_ALGO,
    )


class Stm32F7(CoreSightTarget):  # type: ignore[misc]  # pyOCD has no type information
    """What the family has in common; a chip says what is below."""

    VENDOR = "STMicroelectronics"
    PART_FAMILIES = ("STM32F7 Series",)
    PART_NUMBER: str
    MEMORY_MAP: Any
    DEVICE_ID: int
    """DBGMCU_IDCODE.DEV_ID."""

    PROGRAM_BYTES = 8 * _KB
    """Longest piece that the flash algorithm takes at once: its page buffer is the last thing in
    the RAM that it uses, so it may be longer than a page, and that saves round trips.
    """

    def __init__(self, session: Any) -> None:
        super().__init__(session, self.MEMORY_MAP)

    def create_init_sequence(self) -> Any:
        """The sequence of pyOCD; under reset, the core is caught before discovery looks at it.

        While nRESET is low the ROM tables cannot be read, and firmware that goes to sleep with the
        debug clocks off cannot be read after it. So: under reset, set the vector catch and the
        debug clocks through a bare MEM-AP, release reset into the catch, then discover.
        """
        sequence = super().create_init_sequence()
        if self.session.options.get("connect_mode") == "under-reset":
            sequence.insert_after("dp_init", ("catch_reset", self._catch_reset))
        return sequence

    def _catch_reset(self) -> None:
        memory = MinimalMemAP(self.dp)
        memory.init()
        catch = memory.read32(CortexM.DEMCR)
        memory.write32(CortexM.DHCSR, CortexM.DBGKEY | CortexM.C_DEBUGEN)
        memory.write32(CortexM.DEMCR, catch | CortexM.DEMCR_VC_CORERESET)
        memory.write32(_DBGMCU_CR, _DBG_LOW_POWER)
        self.dp.assert_reset(False)
        time.sleep(_RESET_RELEASE_S)
        memory.write32(CortexM.DEMCR, catch)

    def post_connect_hook(self) -> None:
        """Refuse another chip; keep the debug clocks on in sleep.

        Flashing the wrong one of two boards must fail here and not later. DBGMCU_CR survives a
        reset, so that attaching to the sleeping firmware works from now on.
        """
        device = self.read32(_DBGMCU_IDCODE) & 0xFFF
        if device != self.DEVICE_ID:
            self.resume()  # somebody else's board: leave it as it was found
            raise exceptions.TargetSupportError(
                f"this is not an {self.PART_NUMBER}: its device id is {device:#05x}, not "
                f"{self.DEVICE_ID:#05x}"
            )
        self.write32(_DBGMCU_CR, _DBG_LOW_POWER)

    def clock_tree(self) -> ClockTree:
        """Where the core clock comes from, as the registers say."""
        return read_clock_tree(lambda address: int(self.read32(address)))


class Stm32F746(Stm32F7):
    """1 MB flash, 64 KB DTCM, 240 + 16 KB SRAM, 16 KB ITCM, in any package."""

    PART_NUMBER = "STM32F746"
    DEVICE_ID = 0x449  # STM32F74x and F75x, RM0385 40.6.1
    MEMORY_MAP = MemoryMap(
        _flash("flash sectors 0-3", 0x08000000, 128 * _KB, 32 * _KB, boot=True),
        _flash("flash sector 4", 0x08020000, 128 * _KB, 128 * _KB),
        _flash("flash sectors 5-7", 0x08040000, 768 * _KB, 256 * _KB),
        RamRegion(name="itcm", start=0x00000000, length=16 * _KB),
        RomRegion(name="flash on the ITCM bus", start=0x00200000, length=1024 * _KB),
        RomRegion(name="system memory", start=0x1FF00000, length=0xEDC0),
        RomRegion(name="OTP and device id", start=0x1FF0F000, length=0x480),
        RamRegion(name="dtcm", start=0x20000000, length=64 * _KB),
        RamRegion(name="sram1", start=0x20010000, length=240 * _KB),
        RamRegion(name="sram2", start=0x2004C000, length=16 * _KB),
        DeviceRegion(name="peripherals", start=0x40000000, length=0x20000000),
        DeviceRegion(name="private peripherals", start=0xE0000000, length=0x20000000),
    )


class STM32F746ZG(Stm32F746):
    """144 pins (LQFP144)."""

    PART_NUMBER = "STM32F746ZG"


class STM32F746NG(Stm32F746):
    """216 balls (TFBGA216)."""

    PART_NUMBER = "STM32F746NG"


TARGETS = {"stm32f746": Stm32F746, "stm32f746zg": STM32F746ZG, "stm32f746ng": STM32F746NG}
