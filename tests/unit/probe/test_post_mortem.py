"""Fault status in words, and a report that a person can act on."""

from __future__ import annotations

from tflm_hil.probe.post_mortem import CFSR_BITS, HFSR_BITS, REGISTERS, PostMortem, decode


def test_bits_become_texts() -> None:
    precise_with_address = 1 << 9 | 1 << 15
    assert [text.split(":")[0] for text in decode(precise_with_address, CFSR_BITS)] == ["PRECISERR"]
    assert [text.split(":")[0] for text in decode(1 << 30, HFSR_BITS)] == ["FORCED"]
    assert decode(0, CFSR_BITS) == ()


def test_report_names_state_cause_place_and_registers() -> None:
    registers = {name: index for index, name in enumerate(REGISTERS)}
    registers |= {"xpsr": 0x01000003, "pc": 0xFFFFFFFE, "lr": 0xFFFFFFF9, "r7": 0xCAFE}
    report = str(
        PostMortem(
            registers=registers,
            cfsr=1 << 9 | 1 << 15,
            hfsr=1 << 30,
            dfsr=0,
            fault_address=0x60000000,
            locked_up=True,
            asleep=False,
            stacked_pc=0x08001234,
            stacked_lr=0x08004321,
            lines={0x08001234: "engine/lstm.cc:42"},
        )
    )
    assert "core was locked up, in exception 3" in report
    assert "PRECISERR" in report
    assert "fault address 0x60000000" in report
    assert "stacked pc 0x08001234 engine/lstm.cc:42" in report
    assert "r7 0000cafe" in report
