"""The variants that a run is about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tflm_hil.errors import CorruptModel
from tflm_hil.models.slot.slot import HASH_BYTES, SlotEntry
from tflm_hil.models.slot.slot_aux import pack_states
from tflm_hil.models.zoo.given import Said, given_variants
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.options import RunConfig


def whole_zoo(config: RunConfig) -> list[Variant]:
    """All variants of all models of the zoo, in the zoo's order, also those that are left out
    for want of samples; or the files of `--hil-model` in its place. Raises ConfigurationError,
    and for a given file CorruptModel, UnsupportedModel.
    """
    if config.models:
        return list(_given(config.models, config.samples, _said(config)))
    return [variant for model in load_zoo(config.zoo) for variant in model.variants]


def variants(config: RunConfig) -> list[Variant]:
    """The variants that can be run here. Raises ConfigurationError."""
    return [variant for variant in whole_zoo(config) if not variant.left_out]


def slot_entry(variant: Variant) -> SlotEntry:
    """The variant as it goes to the model slot: with its states, if its signature has any."""
    return SlotEntry(variant.id, variant.content(), _states(variant))


def slot_hash(variant: Variant) -> str:
    """`SlotEntry.hash` of the variant, from the manifest: no model is read for it."""
    return variant.sha256[: 2 * HASH_BYTES]


@cache
def _given(
    models: tuple[Path, ...],
    samples: tuple[Path, ...],
    said: Said,
) -> tuple[Variant, ...]:
    return tuple(given_variants(models, samples, said))


def _said(config: RunConfig) -> Said:
    return Said(config.states, config.task, config.steps)


def _states(variant: Variant) -> bytes:
    try:
        return pack_states(variant.state_pairs())
    except CorruptModel:
        return b""  # the device says why it refuses it
