"""What the C side has noted about flash: accesses that went wrong, in words, and what changed.

Source of the rules: RM0385, section 3.3 and 3.7.
"""

from __future__ import annotations

from tflm_hil.emulator.findings import Findings
from tflm_hil.emulator.native.library import Check, FlashFinding, State

# rule, sentence with the address
FLASH_RULES: dict[FlashFinding, tuple[str, str]] = {
    FlashFinding.WRITE_LOCKED: (
        "flash-locked",
        "a store to flash at {address:#010x} while FLASH_CR is locked was dropped; write the two "
        "keys to FLASH_KEYR and set PG first, or find out why this address is written",
    ),
    FlashFinding.WRITE_NOT_PG: (
        "flash-not-programming",
        "a store to flash at {address:#010x} with FLASH_CR.PG clear was dropped; set PG first",
    ),
    FlashFinding.WRITE_SIZE: (
        "flash-program-size",
        "a store to flash at {address:#010x} had another width than FLASH_CR.PSIZE says and was "
        "dropped (PGPERR)",
    ),
    FlashFinding.NOT_ERASED: (
        "flash-not-erased",
        "programming flash at {address:#010x} would have to turn zeros into ones; erase its "
        "sector first",
    ),
    FlashFinding.CONTROL_LOCKED: (
        "flash-control-locked",
        "FLASH_CR was written while locked and keeps its value; write the keys 0x45670123 and "
        "0xCDEF89AB to FLASH_KEYR first",
    ),
    FlashFinding.WRONG_KEY: (
        "flash-wrong-key",
        "a wrong value in FLASH_KEYR is a bus error and locks FLASH_CR until the next reset",
    ),
    FlashFinding.OPTION_BYTES: (
        "flash-option-bytes",
        "FLASH_OPTCR was written; the emulated board does not model option byte programming",
    ),
}


def report_flash_findings(state: State, findings: Findings) -> None:
    """Hand over what went wrong since the last call."""
    for kind, (rule, sentence) in FLASH_RULES.items():
        if state.flash_findings >> kind & 1:
            sentence = sentence.format(address=state.flash_finding_address[kind])
            findings.add(rule, sentence, state.flash_finding_pc[kind])
    state.flash_findings = 0


def take_changed_range(state: State) -> tuple[int, int]:
    """Offset and length of what was programmed or erased since the last call."""
    low, length = state.flash_dirty_low, state.flash_dirty_high - state.flash_dirty_low
    state.flash_dirty_low, state.flash_dirty_high = 0xFFFFFFFF, 0
    state.checks &= ~Check.DIRTY
    return low, length
