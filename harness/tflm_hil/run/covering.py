"""A small part of a zoo in which everything occurs that occurs in the whole of it.

    covering(variants)

What a variant shows is each layer and cell of its Keras model (with its functions, see
`layer_kinds`) in this export and this type. The variants are walked from the one with the least
work to the one with the most, and each is taken that shows something new; then back, and each is
left out of which the others show everything. So a change of a kernel, an export or the firmware
meets every cell in every export and type, on the smallest model that has it; what only size can
show (long sequences, full arenas) takes the whole zoo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.keras_config import layer_kinds

Shown = tuple[str, str, str]


def covering(variants: Sequence[Variant], first: Iterable[Variant] = ()) -> list[Variant]:
    """The variants that are enough, in the order of `variants`.

    Those that are in `first` are preferred: they run anyway. Variants that cannot be run here
    (`left_out`) cover nothing and are kept, so that the report names them.
    """
    preferred = {variant.id for variant in first}
    can_run = [variant for variant in variants if not variant.left_out]
    shown = {variant.id: _shown(variant) for variant in can_run}
    work = {variant.id: (variant.id not in preferred, _work(variant)) for variant in can_run}
    chosen: list[str] = []
    times: Counter[Shown] = Counter()  # that each thing is shown by the chosen
    for name in sorted(work, key=work.__getitem__):
        if any(not times[item] for item in shown[name]):
            chosen.append(name)
            times.update(shown[name])
    for name in chosen[::-1]:
        if all(times[item] > 1 for item in shown[name]):
            chosen.remove(name)
            times.subtract(shown[name])
    return [variant for variant in variants if variant.left_out or variant.id in chosen]


def _shown(variant: Variant) -> set[Shown]:
    """Of a model that came without its Keras source nothing is known: it shows itself."""
    kinds = frozenset([variant.model]) if variant.keras is None else layer_kinds(variant.keras.path)
    return {(kind, variant.export, variant.dtype) for kind in kinds or {variant.model}}


def _work(variant: Variant) -> int:
    """Grows with the time that its sequences take: numbers that go in, times the bytes of the
    model that each of them meets.
    """
    return variant.load_samples().inputs.size * variant.size_bytes
