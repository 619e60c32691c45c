"""Which models lie in the model slot together, where a zoo is larger than the slot.

Variants that a run wants are taken in their order and cut into groups that leave room for what
tests store besides. A group is flashed as one when the first of it is asked for, so that a run
erases the slot once a group, and tests are put in the order of the groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from tflm_hil.bench.variants import slot_entry, slot_hash
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant

OVERHEAD_BYTES = 1024  # header, padding and the list of states of an entry: well above the largest


class Slotfuls:
    """The groups of `variants`, from the sizes of their files alone: no model is read for it.

    A group takes three quarters of a slot of `slot_bytes`.
    """

    def __init__(self, variants: Sequence[Variant], slot_bytes: int) -> None:
        group_bytes = slot_bytes * 3 // 4
        self._groups: list[_Group] = []
        self._numbers: dict[str, int] = {}
        room = 0
        for variant in variants:
            size = variant.size_bytes + OVERHEAD_BYTES
            if not self._groups or size > room:
                self._groups.append(_Group())
                room = group_bytes
            room -= size
            self._groups[-1].variants.append(variant)
            self._numbers.setdefault(slot_hash(variant), len(self._groups) - 1)

    def number(self, variant: Variant | None) -> int:
        """Of the group that `variant` is in; 0 for one that was not planned, or none."""
        return 0 if variant is None else self._numbers.get(slot_hash(variant), 0)

    def mates(self, model_hash: str) -> list[SlotEntry]:
        """The group of the model with this hash, itself included; empty if it was not planned."""
        number = self._numbers.get(model_hash)
        return [] if number is None else self._groups[number].entries


class _Group:
    def __init__(self) -> None:
        self.variants: list[Variant] = []

    @cached_property
    def entries(self) -> list[SlotEntry]:
        return [slot_entry(variant) for variant in self.variants]
