"""What firmware does at start-up, in steps that a test can leave out or spoil."""

from __future__ import annotations

from tests.unit.emulator.peripherals.fake_bus import DTCM, SRAM1, Chip

RCC, PWR, GPIOD, USART3, DMA1, DMA2 = (
    0x4002_3800, 0x4000_7000, 0x4002_0C00, 0x4000_4800, 0x4002_6000, 0x4002_6400,
)  # fmt: skip
RCC_CR, RCC_PLLCFGR, RCC_CFGR, RCC_CSR = RCC, RCC + 4, RCC + 8, RCC + 0x74
RCC_AHB1ENR, RCC_APB1ENR = RCC + 0x30, RCC + 0x40
PWR_CR1, PWR_CSR1 = PWR, PWR + 4
CR1, CR2, CR3, BRR, RQR, ISR, ICR, RDR, TDR = (
    USART3 + offset for offset in (0, 4, 8, 0xC, 0x18, 0x1C, 0x20, 0x24, 0x28)
)
UE_RE_TE = 0b1101
USART3_IRQ, RX_STREAM_IRQ, TX_STREAM_IRQ = 39, 12, 14
RX_STREAM, TX_STREAM = DMA1 + 0x10 + 0x18, DMA1 + 0x10 + 3 * 0x18
LIFCR = DMA1 + 8
RX_RING, TX_BUFFER = DTCM + 0x100, SRAM1 + 0x8000

PLL_216_MHZ = 1 << 22 | 9 << 24 | 0 << 16 | 216 << 6 | 4
HCLK = 216_000_000


def clocks(chip: Chip, *, over_drive: bool = True, pllcfgr: int = PLL_216_MHZ) -> None:
    """HSE bypass, PLL to 216 MHz, APB1 a quarter and APB2 a half of it."""
    chip.set_bits(RCC_APB1ENR, 1 << 28)
    chip.set_bits(RCC_CR, 1 << 18)
    chip.set_bits(RCC_CR, 1 << 16)
    chip.wait(RCC_CR, 1 << 17)
    chip.write(RCC_PLLCFGR, pllcfgr)
    chip.set_bits(RCC_CR, 1 << 24)
    if over_drive:
        chip.set_bits(PWR_CR1, 1 << 16)
        chip.wait(PWR_CSR1, 1 << 16)
        chip.set_bits(PWR_CR1, 1 << 17)
        chip.wait(PWR_CSR1, 1 << 17)
    chip.wait(RCC_CR, 1 << 25)
    chip.write(RCC_CFGR, 0b100 << 13 | 0b101 << 10)
    chip.set_bits(RCC_CFGR, 2)
    chip.wait(RCC_CFGR, 2 << 2)


def pins(chip: Chip) -> None:
    """PD8 and PD9 in alternate function 7."""
    chip.set_bits(RCC_AHB1ENR, 1 << 3)
    chip.set_bits(GPIOD, 0b10_10 << 16)
    chip.write(GPIOD + 0x24, 0x77)


def usart(chip: Chip, brr: int = 59, *, cr1: int = 0, cr2: int = 0, cr3: int = 0) -> None:
    """USART3 on; waits until the idle frame after TE has gone."""
    chip.set_bits(RCC_APB1ENR, 1 << 18)
    chip.write(BRR, brr)
    chip.write(CR2, cr2)
    chip.write(CR3, cr3)
    chip.write(CR1, UE_RE_TE | cr1)
    chip.bus.advance(10 * brr * 4)


def receive_ring(chip: Chip, length: int, *, control: int = 0, address: int = RX_RING) -> None:
    """DMA1 stream 1 channel 4, circular."""
    chip.set_bits(RCC_AHB1ENR, 1 << 21)
    chip.write(RX_STREAM + 4, length)
    chip.write(RX_STREAM + 8, RDR)
    chip.write(RX_STREAM + 0xC, address)
    chip.write(RX_STREAM, 4 << 25 | 1 << 10 | 1 << 8 | control | 1)


def send(chip: Chip, data: bytes, *, control: int = 0, address: int = TX_BUFFER) -> None:
    """DMA1 stream 3 channel 4, one transfer."""
    chip.set_bits(RCC_AHB1ENR, 1 << 21)
    chip.bus.write_memory(address, data)
    chip.write(LIFCR, 0x3D << 22)
    chip.write(TX_STREAM + 4, len(data))
    chip.write(TX_STREAM + 8, TDR)
    chip.write(TX_STREAM + 0xC, address)
    chip.write(TX_STREAM, 4 << 25 | 1 << 10 | 1 << 6 | control | 1)


def received(chip: Chip, length: int) -> int:
    """Items that the ring got in this round."""
    return length - chip.read(RX_STREAM + 4)


def running_board(**settings: int) -> Chip:
    """Clocks, pins and USART3 at 915254 baud (BRR 59 of 54 MHz)."""
    chip = Chip()
    clocks(chip)
    pins(chip)
    usart(chip, **settings)
    return chip
