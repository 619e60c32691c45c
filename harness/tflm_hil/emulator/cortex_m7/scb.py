"""System control block: identification, control, fault status, cache maintenance.

Sources: DDI 0403E, B3.2; Cortex-M7 TRM (DDI 0489) chapter 3; RM0385 for the cache sizes.
"""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.cortex_m7.nvic import FIRST_INTERRUPT, NMI, PENDSV, SYSTICK, Nvic

ICSR, VTOR, AIRCR, SCR, CCR = 0xE000ED04, 0xE000ED08, 0xE000ED0C, 0xE000ED10, 0xE000ED14
SHPR = range(0xE000ED18, 0xE000ED24)
SHCSR, CFSR, HFSR, MMFAR, BFAR, AFSR = (
    0xE000ED24,
    0xE000ED28,
    0xE000ED2C,
    0xE000ED34,
    0xE000ED38,
    0xE000ED3C,
)
CCSIDR, CSSELR, CPACR = 0xE000ED80, 0xE000ED84, 0xE000ED88
FPCCR, FPCAR, FPDSCR = 0xE000EF34, 0xE000EF38, 0xE000EF3C
ICIALLU, DCISW, DCCISW = 0xE000EF50, 0xE000EF60, 0xE000EF74

_READ_ONLY = {
    0xE000ED00: 0x410FC271,  # CPUID: Cortex-M7 r0p1
    0xE000ED40: 0x00000030,  # ID_PFR0
    0xE000ED44: 0x00000200,
    0xE000ED48: 0x00100000,  # ID_DFR0
    0xE000ED50: 0x00100030,  # ID_MMFR0..3
    0xE000ED58: 0x01000000,
    0xE000ED60: 0x01101110,  # ID_ISAR0..4
    0xE000ED64: 0x02112000,
    0xE000ED68: 0x20232231,
    0xE000ED6C: 0x01111131,
    0xE000ED70: 0x01310132,
    0xE000ED78: 0x09000003,  # CLIDR
    0xE000ED7C: 0x8303C003,  # CTR
    0xE000EF40: 0x10110021,  # MVFR0: single precision only
    0xE000EF44: 0x11000011,
    0xE000EF48: 0x00000040,
}
# 4 KB each, 32-byte lines: data 4 ways of 32 sets, instruction 2 ways of 64 sets.
_CACHE_SIZES = {0: 0xF003E019, 1: 0xF007E009}
_WRITABLE = {
    0xE000E008: 0xFFFFFFFF,  # ACTLR
    VTOR: 0xFFFFFF80,
    SCR: 0x16,
    SHCSR: 7 << 16,
    MMFAR: 0xFFFFFFFF,
    BFAR: 0xFFFFFFFF,
    CSSELR: 0xF,
    CPACR: 0xF << 20,
    FPCCR: 0xC0000000,
    FPCAR: 0xFFFFFFF8,
    FPDSCR: 0x07C00000,
    0xE000EF90: 0xF,  # ITCMCR
    0xE000EF94: 0xF,  # DTCMCR
    0xE000EF98: 0xF,  # AHBPCR
    0xE000EF9C: 0x7,  # CACR
    0xE000EFA0: 0xFFFF,  # AHBSCR
}
_RESET = {
    VTOR: 0x00200000,  # RM0385: boot address option bytes point to flash on the ITCM bus
    CCR: 0x00040200,  # STKALIGN, BP
    FPCCR: 0xC0000000,
    0xE000EF90: 0x3 | 5 << 3,
    0xE000EF94: 0x3 | 7 << 3,
}
CCR_NONBASETHRDENA, CCR_DIV_0_TRP, CCR_STKALIGN = 1, 1 << 4, 1 << 9
CCR_DC, CCR_IC = 1 << 16, 1 << 17
_CCR_WRITABLE = 0x0003011B
SCR_SLEEPONEXIT, SCR_SLEEPDEEP, SCR_SEVONPEND = 1 << 1, 1 << 2, 1 << 4
_KEY = 0x05FA
_SYSRESETREQ, _VECTCLRACTIVE, _VECTRESET = 1 << 2, 1 << 1, 1


class Scb:
    """Registers of the system control space that have no module of their own."""

    def __init__(
        self,
        nvic: Nvic,
        current_exception: Callable[[], int],
        set_fpu: Callable[[bool], None],
        trap_division: Callable[[bool], None],
        system_reset: Callable[[], None],
        finding: Callable[[str, str], None],
    ) -> None:
        self._nvic = nvic
        self._current_exception = current_exception
        self._set_fpu = set_fpu
        self._trap_division = trap_division
        self._system_reset = system_reset
        self._finding = finding
        self.reset()

    def reset(self) -> None:
        """System reset."""
        self._words = dict(_RESET)
        self.cfsr = self.hfsr = 0
        self._set_fpu(False)
        self._trap_division(False)
        self._icache_clean = self._dcache_clean = False

    def __getitem__(self, address: int) -> int:
        """A plain register, for the rest of the core."""
        return self._words.get(address, 0)

    @property
    def dcache_enabled(self) -> bool:
        """CCR.DC."""
        return bool(self._words[CCR] & CCR_DC)

    def fault_enabled(self, exception: int) -> bool:
        """SHCSR enable bit of MemManage, BusFault or UsageFault."""
        return bool(self[SHCSR] >> (12 + exception) & 1)

    def fault_address(self, register: int, address: int, valid: int) -> None:
        """MMFAR or BFAR with its valid bit of CFSR."""
        self._words[register] = address
        self.cfsr |= valid

    # --- registers --------------------------------------------------------------------------

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        """A word."""
        if address in _READ_ONLY:
            return _READ_ONLY[address]
        if address in SHPR:
            first = address - SHPR.start + 4
            return int.from_bytes(self._nvic.priorities[first : first + 4], "little")
        match address:
            case 0xE000ED04:
                return self._icsr()
            case 0xE000ED0C:
                return 0xFA050000 | self._nvic.priority_group << 8
            case 0xE000ED24:
                return self[SHCSR] | self._active_bits()
            case 0xE000ED28:
                return self.cfsr
            case 0xE000ED2C:
                return self.hfsr
            case 0xE000ED80:
                return _CACHE_SIZES.get(self[CSSELR], 0)
            case _:
                return self[address]

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """A word."""
        if address in SHPR:
            for i in range(4):
                self._nvic.priorities[address - SHPR.start + 4 + i] = (value >> (8 * i)) & 0xF0
            self._nvic.priorities_changed()
        elif address == ICSR:
            self._write_icsr(value)
        elif address == AIRCR:
            self._write_aircr(value)
        elif address == CCR:
            self._write_ccr(value)
        elif address == CFSR:
            self.cfsr &= ~value
        elif address == HFSR:
            self.hfsr &= ~value
        elif ICIALLU <= address <= 0xE000EF78:
            self._maintain(address)
        elif address in _WRITABLE:
            self._words[address] = value & _WRITABLE[address]
            if address == CPACR:
                self._set_fpu((value >> 20) & 0xF in {0x5, 0xF})
            elif address == SCR and value & SCR_SLEEPDEEP:
                self._finding(
                    "deep-sleep",
                    "SCR.SLEEPDEEP asks for Stop or Standby mode, which stops the clocks and the "
                    "UART; the emulated board only knows Sleep. Clear SLEEPDEEP before WFI",
                )

    def _icsr(self) -> int:
        nvic = self._nvic
        urgent = nvic.most_urgent() or 0
        active = nvic.active
        return (
            self._current_exception()
            | (1 << 11 if active & (active - 1) == 0 else 0)  # RETTOBASE
            | urgent << 12
            | (1 << 22 if nvic.pending >> FIRST_INTERRUPT else 0)
            | (1 << 26 if nvic.pending >> SYSTICK & 1 else 0)
            | (1 << 28 if nvic.pending >> PENDSV & 1 else 0)
            | (1 << 31 if nvic.pending >> NMI & 1 else 0)
        )

    def _write_icsr(self, value: int) -> None:
        for bit, exception in ((28, PENDSV), (26, SYSTICK), (31, NMI)):
            if value >> bit & 1:
                self._nvic.pend(exception)
        for bit, exception in ((27, PENDSV), (25, SYSTICK)):
            if value >> bit & 1:
                self._nvic.unpend(exception)

    def _active_bits(self) -> int:
        positions = {4: 0, 5: 1, 6: 3, 11: 7, 12: 8, 14: 10, 15: 11}
        active = self._nvic.active
        return sum(1 << bit for exception, bit in positions.items() if active >> exception & 1)

    def _write_aircr(self, value: int) -> None:
        if value >> 16 != _KEY:
            return
        self._nvic.priority_group = value >> 8 & 7
        self._nvic.priorities_changed()
        if value & (_SYSRESETREQ | _VECTRESET):
            self._system_reset()

    def _write_ccr(self, value: int) -> None:
        turned_on = value & ~self._words[CCR]
        if turned_on & CCR_IC and not self._icache_clean:
            self._complain_uninvalidated("instruction", "CCR.IC", "write ICIALLU")
        if turned_on & CCR_DC and not self._dcache_clean:
            self._complain_uninvalidated("data", "CCR.DC", "write DCISW for every set and way")
        self._words[CCR] = (value & _CCR_WRITABLE) | _RESET[CCR]
        self._trap_division(bool(value & CCR_DIV_0_TRP))

    def _complain_uninvalidated(self, which: str, bit: str, remedy: str) -> None:
        self._finding(
            "cache-not-invalidated",
            f"{bit} turns the {which} cache on, whose contents are random after power-on; "
            f"{remedy} first",
        )

    def _maintain(self, address: int) -> None:
        # The emulated caches hold nothing: there is nothing to do but to see that it was asked.
        if address == ICIALLU:
            self._icache_clean = True
        elif address in (DCISW, DCCISW):
            self._dcache_clean = True
