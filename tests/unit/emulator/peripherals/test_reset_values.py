"""Reset values against the vendor's SVD file, where it is at hand."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from tests.support.vendor_svd import SVD, needs_svd
from tests.unit.emulator.peripherals.fake_bus import Chip

# Where the file differs from RM0385, the manual wins.
MANUAL_WINS = {
    ("RCC", "DKCFGR1"),  # the file repeats PLLSAICFGR's value
    ("RCC", "DKCFGR2"),
    ("CRC", "INIT"),  # all ones and 0x04C11DB7 in RM0385, 12.4
    ("CRC", "POL"),
    ("IWDG", "WINR"),  # 0xFFF in RM0385, 28.4.5
    *((f"TIM{number}", "ARR") for number in range(2, 8)),  # all ones in RM0385, 23.4.12
    *((f"GPIO{port}", "IDR") for port in "ABCDEFGHIJK"),  # the pins' levels
}


def _registers() -> list[tuple[str, str, int, int]]:
    if not SVD.exists():
        return []
    wanted = {
        "RCC", "PWR", "SYSCFG", "CRC", "EXTI",
        "IWDG", "WWDG", "DMA1", "DMA2", "TIM2", "TIM3", "TIM4", "TIM5",
        "TIM6", "TIM7", "USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8",
        *(f"GPIO{port}" for port in "ABCDEFGHIJK"),
    }  # fmt: skip
    blocks = {
        block.findtext("name", ""): block for block in ElementTree.parse(SVD).iter("peripheral")
    }
    resets = []
    for name in sorted(wanted):
        block = blocks[name]
        base = int(block.findtext("baseAddress", ""), 16)
        described = blocks[block.get("derivedFrom", name)]
        for register in described.iter("register"):
            register_name = register.findtext("name", "")
            if (name, register_name) in MANUAL_WINS or register.findtext("access") == "write-only":
                continue
            offset = int(register.findtext("addressOffset", ""), 16)
            reset = int(register.findtext("resetValue", ""), 16)
            resets.append((name, register_name, base + offset, reset))
    return resets


@needs_svd
def test_reset_values_are_the_vendors() -> None:
    chip = Chip()
    differing = []
    registers = _registers()
    assert len(registers) > 300
    for block, register, address, expected in registers:
        if block not in ("RCC", "IWDG", "EXTI"):
            # Look behind the clock gate.
            chip.block(address).gate.on = True
        value = chip.read(address)
        if value != expected:
            differing.append(f"{block}.{register}: {value:#x}, SVD {expected:#x}")
    assert differing == []
