"""USART registers: offsets, bits, and which of them the chip locks or this model lacks.

RM0385, 31.8.
"""

from __future__ import annotations

CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR = range(0, 0x2C, 4)

UE, RE, TE = 1, 1 << 2, 1 << 3
IDLEIE, RXNEIE, TCIE, TXEIE = 1 << 4, 1 << 5, 1 << 6, 1 << 7
CMIE, OVER8 = 1 << 14, 1 << 15
EIE, DMAR, DMAT, OVRDIS = 1, 1 << 6, 1 << 7, 1 << 12

# Flags of ISR and ICR.
FE, NF, ORE, IDLE, RXNE = (1 << bit for bit in range(1, 6))
TC, TXE, BUSY, CMF = 1 << 6, 1 << 7, 1 << 16, 1 << 17
TEACK, REACK = 1 << 21, 1 << 22
RXFRQ = 1 << 3

CLEARABLE = FE | NF | ORE | IDLE | CMF
# Bits that the chip accepts only while UE is clear, and those that this model does not have.
LOCKED = {CR1: 0x13FF_9E00, CR2: 0x007F_FF30, CR3: 0x003E_FB3E, BRR: 0xFFFF}
NOT_MODELLED = {CR1: 0x1FFF_3400, CR2: 0x009F_F840, CR3: 0x0040_673A}

INTERRUPTS = (
    (IDLEIE, IDLE),
    (RXNEIE, RXNE | ORE),
    (TCIE, TC),
    (TXEIE, TXE),
    (CMIE, CMF),
)
REGISTER_NAMES = {CR1: "CR1", CR2: "CR2", CR3: "CR3", BRR: "BRR"}
