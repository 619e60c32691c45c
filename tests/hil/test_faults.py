"""The board fails on purpose: the cause is in the report, and the next test has a fresh board.

The firmware's self-test makes the next inference fail in a chosen way, so that what a user would
see after a real fault is proved without one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.errors import LinkTimeout, TargetFault
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.records import Recovery
from tflm_hil.report.render.errors import detail_lines
from tflm_hil.run.run import Run

from tests.hil.conftest import Loaded

PATIENCE_S = 1.5  # for a silent board; the board's own time-out is meant for slow inferences


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("undefined_instruction", "UNDEFINSTR"), ("bad_read", "PRECISERR")],
)
def test_fault_during_inference_is_explained(
    load_any: Callable[[], Loaded], hil: Run, bench: Bench, kind: str, cause: str
) -> None:
    loaded = load_any()
    before = loaded.outputs([0, 1])
    loaded.device.arm_fault(kind)
    with pytest.raises(TargetFault) as caught:
        loaded.outputs([0])
    assert caught.value.record.request_name == "sequence"

    incident = hil.incident(caught.value)
    assert cause in incident.error.sentence
    fault = incident.error.fault
    assert fault is not None
    assert "self_test.cc:" in fault.pc.source, "the source line of the pc"
    assert (fault.registers, fault.cfsr) == (caught.value.record.r, caught.value.record.cfsr)
    registers = "\n".join(detail_lines(incident.error))
    for name in ("r0 ", "r12 ", "sp ", "lr ", "xpsr ", "CFSR ", "HFSR "):
        assert name in registers
    assert incident.provoked
    assert incident.recovery.outcome is Recovery.ANSWERS

    bench.device()
    assert bench.hello.fault is None, "the record is sent once"
    assert load_any().outputs([0, 1]) == before


def test_fault_in_mid_stream_loses_no_earlier_result(
    load_any: Callable[[], Loaded], hil: Run
) -> None:
    """Sequences that were answered before the fault stay answered."""
    loaded = load_any()
    expected = loaded.outputs([0, 1, 2])
    assert loaded.outputs([0, 1, 2]) == expected
    loaded.device.arm_fault("bad_read")
    answered = []
    with pytest.raises(TargetFault) as caught:
        answered.extend(loaded.outputs([0]))
    assert answered == []
    hil.incident(caught.value)
    assert load_any().outputs([0, 1, 2]) == expected


@pytest.mark.parametrize(("kind", "where"), [("hang", "self_test.cc"), ("silent", "asleep in WFI")])
def test_silent_board_is_looked_into_over_the_probe(
    load_any: Callable[[], Loaded], hil: Run, bench: Bench, kind: str, where: str
) -> None:
    before = load_any().outputs([0])
    with bench.patience(PATIENCE_S):
        loaded = load_any()
        loaded.device.arm_fault(kind)
        with pytest.raises(LinkTimeout, match="said nothing for") as caught:
            loaded.outputs([0])
        assert "reset the board" in caught.value.remedy
        incident = hil.incident(caught.value)
    assert where in "\n".join(incident.error.details)
    assert incident.recovery.outcome is Recovery.ANSWERS
    assert load_any().outputs([0]) == before


def test_next_test_starts_on_a_working_board(load_any: Callable[[], Loaded], bench: Bench) -> None:
    assert load_any().outputs([0])
    assert bench.hello.fault is None


@pytest.fixture
def load_any(load: Callable[[Variant], Loaded], any_variant: Variant) -> Callable[[], Loaded]:
    """Load one and the same small variant, again and again."""
    return lambda: load(any_variant)
