"""Bytes move when somebody looks; looking more often must not change what happens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.board import ICR, ISR, RX_RING, RX_STREAM
from tests.unit.emulator.peripherals.test_usart import FRAME

RING = 64
CMIE_IDLEIE, DMAR_DMAT = 1 << 14 | 1 << 4, 0xC0

steps = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("send"), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("pass"), st.integers(1, 50 * FRAME)),
        st.tuples(st.just("clear"), st.none()),
        st.tuples(st.just("baud"), st.sampled_from([None, 921_600, 900_000])),
    ),
    max_size=12,
)


def run(scenario: list[tuple[str, object]], look_every: int | None) -> dict[str, object]:
    chip = board.running_board(cr1=CMIE_IDLEIE, cr3=DMAR_DMAT)
    board.receive_ring(chip, RING)
    levels = []

    def pass_time(cycles: int) -> None:
        while cycles > 0:
            step = min(cycles, look_every or cycles)
            chip.bus.advance(step)
            cycles -= step
            if look_every:
                chip.read(RX_STREAM + 4)
                chip.read(ISR)

    for kind, value in scenario:
        if kind == "feed":
            assert isinstance(value, bytes)
            chip.feed(value)
        elif kind == "send":
            assert isinstance(value, bytes)
            pass_time(60 * FRAME)
            board.send(chip, value)
        elif kind == "pass":
            assert isinstance(value, int)
            pass_time(value)
        elif kind == "clear":
            chip.write(ICR, 1 << 17 | 1 << 4)
        elif kind == "baud":
            assert value is None or isinstance(value, int)
            chip.read(ISR)  # the host has what was sent, and knows it, before it changes its speed
            chip.line.speed = value
        levels.append(chip.bus.irqs.get(board.USART3_IRQ, False))
    pass_time(len(scenario) * 50 * FRAME)
    return {
        "ring": chip.bus.read_memory(RX_RING, RING),
        "left": chip.read(RX_STREAM + 4),
        "status": chip.read(ISR),
        "sent": bytes(chip.sent),
        "levels": levels,
        "counters": vars(chip.port.counters),
        "findings": chip.bus.rules,
    }


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps, st.integers(200, 3 * FRAME))
def test_looking_changes_nothing(scenario: list[tuple[str, object]], look_every: int) -> None:
    assert run(scenario, look_every) == run(scenario, None)
