"""What Keras, TFLite and desktop TFLM make of every variant's long sequence; computed together.

Two sequences go through TFLite and desktop TFLM: the variant's thousand steps, and for floats the
same moved by one rounding, which tells how much of a device's drift is the network's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.long_sequence import LongSequence, long_sequence
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute_many
from tflm_hil.references.memory import Remembered, with_memory
from tflm_hil.references.records import Reference
from tflm_hil.vocabulary import ElementType, RungName

DESKTOP = (RungName.TFLITE, RungName.TFLM)


@dataclass(frozen=True)
class LongReferences:
    """The references of one variant on its long sequence, every tensor `[1, Invokes, ...]`.

    `keras` is None where Keras cannot run it, and `without_keras` says why. `moved` is desktop
    TFLM's output on the moved input, None for integers.
    """

    sequence: LongSequence
    keras: RungOutputs | None
    without_keras: str
    tflite: tuple[RungOutputs, ...]
    tflm: tuple[RungOutputs, ...]
    moved: RungOutputs | None


class LongPool:
    """All long references of a run, computed when the first is asked for: one process a framework,
    whatever the number of variants, and none for what is cached.
    """

    def __init__(self, variants: Sequence[Variant]) -> None:
        self._variants = {variant.id: variant for variant in variants}
        self._references: dict[str, LongReferences | ReferenceFailed] | None = None

    def get(self, variant: Variant) -> LongReferences:
        """The references of one variant. Raises ReferenceFailed."""
        if self._references is None or variant.id not in self._references:
            self._variants[variant.id] = variant
            self._references = compute_long(list(self._variants.values()))
        known = self._references[variant.id]
        if isinstance(known, ReferenceFailed):
            raise known
        return known


def compute_long(variants: Sequence[Variant]) -> dict[str, LongReferences | ReferenceFailed]:
    """By variant id."""
    sequences = {variant.id: long_sequence(variant) for variant in variants}
    samples = {variant.id: _samples(variant, sequences[variant.id]) for variant in variants}
    with ThreadPoolExecutor(1) as beside:
        keras = beside.submit(
            with_memory,
            {variant.id: (variant, sequences[variant.id].inputs) for variant in variants},
        )
        desktop = compute_many(variants, samples, frameworks=DESKTOP)
        from_keras = keras.result()
    by_variant: dict[str, LongReferences | ReferenceFailed] = {}
    for variant in variants:
        references = desktop[variant.id]
        if isinstance(references, ReferenceFailed):
            by_variant[variant.id] = references
            continue
        tflite, tflm = (references.references[name] for name in DESKTOP)
        ours = _like(from_keras[variant.id], tflm.tensors[0])
        moved = _only(tflm.tensors[0], 1) if len(tflm.tensors[0].stored) > 1 else None
        by_variant[variant.id] = LongReferences(
            sequence=sequences[variant.id],
            keras=ours if isinstance(ours, RungOutputs) else None,
            without_keras="" if isinstance(ours, RungOutputs) else ours,
            tflite=_plain(tflite),
            tflm=_plain(tflm),
            moved=moved,
        )
    return by_variant


def _like(keras: Remembered, wheel: RungOutputs) -> Remembered:
    """Keras' outputs in the shape of desktop TFLM's: an Invoke of one row has no axis for it."""
    if not isinstance(keras, RungOutputs):
        return keras
    shape = (1, *wheel.stored.shape[1:])
    if keras.stored.size != wheel.stored[:1].size:
        return f"its outputs have shape {keras.stored.shape[1:]}, not {shape[1:]}"
    return keras.holding(keras.stored.reshape(shape))


def _samples(variant: Variant, sequence: LongSequence) -> Samples:
    if variant.dtype != ElementType.FLOAT32:
        return Samples(sequence.inputs[np.newaxis])
    return Samples(np.stack([sequence.inputs, sequence.perturbed]))


def _plain(reference: Reference) -> tuple[RungOutputs, ...]:
    """The outputs on the sequence as it is."""
    return tuple(_only(tensor, 0) for tensor in reference.tensors)


def _only(tensor: RungOutputs, sequence: int) -> RungOutputs:
    return tensor.holding(tensor.stored[sequence : sequence + 1])
