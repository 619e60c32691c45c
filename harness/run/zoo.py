"""The variants that a run is about."""

from __future__ import annotations

from harness.models.manifest import Variant, load_zoo
from harness.models.slot import SlotEntry
from harness.run.options import RunConfig


def variants(config: RunConfig) -> list[Variant]:
    """All variants of all models of the zoo, in the zoo's order. Raises ConfigurationError."""
    return [variant for model in load_zoo(config.zoo) for variant in model.variants]


def slot_entry(variant: Variant) -> SlotEntry:
    """The variant as it goes to the model slot."""
    return SlotEntry(variant.id, variant.content())
