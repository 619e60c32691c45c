"""What a run knows to be in the board's model slot, so that the probe is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tflm_hil.models.slot.slot import SlotEntry


class StoredModels:
    """The models that were stored or found in this run, by hash.

    `slot_bytes`: the size of the slot; `mates(hash)`: the models that a run wants in it together
    with this one.
    """

    def __init__(
        self, slot_bytes: int, mates: Callable[[str], Iterable[SlotEntry]] = lambda _: ()
    ) -> None:
        self._slot_bytes = slot_bytes
        self._mates = mates
        self._entries: dict[str, SlotEntry] = {}

    def missing(self, entries: Iterable[SlotEntry]) -> list[SlotEntry]:
        """Those of `entries` that have to be stored."""
        return [entry for entry in entries if not self._holds(entry)]

    def along_with(self, missing: list[SlotEntry]) -> list[SlotEntry]:
        """`missing` and its mates, and before them what is there already, as far as they have room.

        Should the slot have to be erased, the old ones are then written again at once.
        """
        together = _joined(missing, [mate for entry in missing for mate in self._mates(entry.hash)])
        replaced = {entry.hash for entry in together}
        kept = [entry for entry in self._entries.values() if entry.hash not in replaced]
        choices = ([*kept, *together], together)
        return next((choice for choice in choices if self._fits(choice)), missing)

    def add(self, entries: Iterable[SlotEntry], *, erased: bool = False) -> None:
        """`entries` are there now; with `erased` nothing else is."""
        if erased:
            self.forget()
        self._entries |= {entry.hash: entry for entry in entries}

    def _holds(self, entry: SlotEntry) -> bool:
        stored = self._entries.get(entry.hash)
        return stored is not None and stored.aux == entry.aux

    def _fits(self, entries: Iterable[SlotEntry]) -> bool:
        return sum(entry.stored_bytes for entry in entries) <= self._slot_bytes

    def forget(self) -> None:
        """Nothing is known any more."""
        self._entries.clear()


def _joined(first: list[SlotEntry], more: Iterable[SlotEntry]) -> list[SlotEntry]:
    """`first`, and those of `more` whose models are not among it, each once."""
    by_hash = {entry.hash: entry for entry in more} | {entry.hash: entry for entry in first}
    return list(by_hash.values())
