"""What a run knows to be in the board's model slot, so that nobody asks the probe in vain."""

from __future__ import annotations

from collections.abc import Iterable

from harness.models.slot import SLOT_BYTES, SlotEntry


class StoredModels:
    """The models that were stored or found in this run, by hash."""

    def __init__(self) -> None:
        self._entries: dict[str, SlotEntry] = {}

    def missing(self, entries: Iterable[SlotEntry]) -> list[SlotEntry]:
        """Those of `entries` that have to be stored."""
        return [entry for entry in entries if not self._holds(entry)]

    def along_with(self, missing: list[SlotEntry]) -> list[SlotEntry]:
        """`missing`, and before it what is there already, if all of it has room in the slot.

        Should the slot have to be erased, the old ones are then written again at once.
        """
        replaced = {entry.hash for entry in missing}
        kept = [entry for entry in self._entries.values() if entry.hash not in replaced]
        wanted = [*kept, *missing]
        room = sum(entry.stored_bytes for entry in wanted) <= SLOT_BYTES
        return wanted if room else missing

    def add(self, entries: Iterable[SlotEntry], *, erased: bool = False) -> None:
        """`entries` are there now; with `erased` nothing else is."""
        if erased:
            self.forget()
        self._entries |= {entry.hash: entry for entry in entries}

    def _holds(self, entry: SlotEntry) -> bool:
        stored = self._entries.get(entry.hash)
        return stored is not None and stored.aux == entry.aux

    def forget(self) -> None:
        """Nothing is known any more."""
        self._entries.clear()
