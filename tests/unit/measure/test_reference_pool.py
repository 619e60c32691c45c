"""References in the background: each variant waits for its own only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tflm_hil.errors import ReferenceFailed
from tflm_hil.measure import reference_pool
from tflm_hil.measure.reference_pool import ReferencePool
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.references import References
from tflm_hil.report.render.progress import Progress

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
FIRST, SECOND = load_model(ZOO / "bidirectional_gru").variants[:2]


class Said:
    """Progress that only keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


Arrived = Callable[[str, References | ReferenceFailed], None]


def pool_of(monkeypatch: pytest.MonkeyPatch, compute: Callable[[Arrived], None]) -> ReferencePool:
    def compute_many(_: Sequence[Variant], *, arrived: Arrived, **__: Any) -> None:
        compute(arrived)

    monkeypatch.setattr(reference_pool, "compute_many", compute_many)
    progress: Progress = Said()  # type: ignore[assignment]
    return ReferencePool([FIRST, SECOND], progress)


def references(variant: Variant) -> References:
    return References(variant.id, "reset_each", {})


def test_one_is_there_while_the_next_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()

    def compute(arrived: Arrived) -> None:
        arrived(FIRST.id, references(FIRST))
        assert go_on.wait(20)
        arrived(SECOND.id, references(SECOND))

    pool = pool_of(monkeypatch, compute)
    assert pool.get(FIRST).variant_id == FIRST.id
    go_on.set()
    assert pool.get(SECOND).variant_id == SECOND.id
    pool.close()


def test_a_failure_is_its_own_variants(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute(arrived: Arrived) -> None:
        arrived(FIRST.id, ReferenceFailed("no such operator", remedy="another model"))
        arrived(SECOND.id, references(SECOND))

    pool = pool_of(monkeypatch, compute)
    with pytest.raises(ReferenceFailed, match="no such operator"):
        pool.get(FIRST)
    assert pool.get(SECOND).variant_id == SECOND.id
    pool.close()


def test_whoever_waits_is_told_when_all_of_it_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute(arrived: Arrived) -> None:
        arrived(FIRST.id, references(FIRST))
        raise MemoryError("none left")

    pool = pool_of(monkeypatch, compute)
    assert pool.get(FIRST).variant_id == FIRST.id
    with pytest.raises(MemoryError):
        pool.get(SECOND)
    pool.close()


def test_closing_ends_what_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    closing, told = Event(), []

    def compute(arrived: Arrived) -> None:
        assert closing.wait(20)
        try:
            arrived(FIRST.id, references(FIRST))
        except Exception as stop:
            told.append(stop)
            raise

    pool = pool_of(monkeypatch, compute)
    pool.start()
    pool._closing.set()
    closing.set()
    pool.close()
    assert len(told) == 1
