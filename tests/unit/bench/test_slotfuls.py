from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest
from tflm_hil.bench import slotfuls
from tflm_hil.bench.slotfuls import OVERHEAD_BYTES, Slotfuls
from tflm_hil.bench.stored_models import StoredModels
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant

SLOT_BYTES = 0x80000


def slot_for(group_bytes: int) -> int:
    """A slot of which three quarters are a group of this size."""
    return group_bytes * 4 // 3 + 1


@dataclass(frozen=True)
class Stored:
    """What `Slotfuls` reads of a variant."""

    id: str
    content: bytes

    @property
    def entry(self) -> SlotEntry:
        return SlotEntry(self.id, self.content)

    @property
    def sha256(self) -> str:
        return self.entry.hash + 32 * "0"

    @property
    def size_bytes(self) -> int:
        return len(self.content)


def zoo(*sizes: int) -> list[Variant]:
    return [cast(Variant, Stored(f"v{n}", bytes([n]) * size)) for n, size in enumerate(sizes)]


@pytest.fixture(autouse=True)
def _entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slotfuls, "slot_entry", lambda variant: variant.entry)


def test_groups_keep_the_order_and_fit() -> None:
    variants = zoo(100, 200, 300, 100)
    plan = Slotfuls(variants, slot_for(2 * OVERHEAD_BYTES + 300))
    assert [plan.number(variant) for variant in variants] == [0, 0, 1, 2]


def test_a_variant_larger_than_a_group_is_a_group() -> None:
    variants = zoo(10, 10 * SLOT_BYTES, 10)
    plan = Slotfuls(variants, SLOT_BYTES)
    assert [plan.number(variant) for variant in variants] == [0, 1, 2]


def test_mates_are_the_group_and_nobody_else() -> None:
    variants = zoo(100, 100, 100)
    plan = Slotfuls(variants, slot_for(2 * (OVERHEAD_BYTES + 100)))
    first, second, third = (cast(Stored, variant).entry for variant in variants)
    assert plan.mates(first.hash) == plan.mates(second.hash) == [first, second]
    assert plan.mates(third.hash) == [third]
    assert plan.mates("0" * 32) == []


def test_a_zoo_larger_than_the_slot_is_stored_group_by_group() -> None:
    """One erase a group, and every group fits the slot as it is really packed."""
    variants = zoo(*[SLOT_BYTES // 8] * 20)
    stored = StoredModels(SLOT_BYTES, Slotfuls(variants, SLOT_BYTES).mates)
    flashed = 0
    for variant in variants:
        entry = cast(Stored, variant).entry
        missing = stored.missing([entry])
        if not missing:
            continue
        flashed += 1
        wanted = stored.along_with(missing)
        assert sum(item.stored_bytes for item in wanted) <= SLOT_BYTES
        stored.add(wanted, erased=True)
        assert not stored.missing([entry])
    assert flashed == 4  # 20 models, 5 of them and what tests store besides in the slot
