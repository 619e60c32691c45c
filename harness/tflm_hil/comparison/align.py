"""Rungs brought to the same steps, so that one ladder can compare them."""

from __future__ import annotations

from collections.abc import Mapping

from tflm_hil.comparison.outputs import RungOutputs


def aligned(rungs: Mapping[str, RungOutputs]) -> dict[str, RungOutputs]:
    """The rungs for one ladder, all with the same steps.

    What is computed in chunks (`[N, calls, T, outputs]`) is a sequence of `calls·T` steps. Where a
    rung gives fewer steps, because Keras gives only the last of a sequence or of a chunk, those of
    the others are compared that end at the same place.
    """
    flat = {name: _one_sequence(rung) for name, rung in rungs.items()}
    if all(rung.per_step for rung in flat.values()):
        fewest = min(rung.stored.shape[1] for rung in flat.values())
        return {name: _every(rung, rung.stored.shape[1] // fewest) for name, rung in flat.items()}
    return {name: last_step(rung) if rung.per_step else rung for name, rung in flat.items()}


def last_step(rung: RungOutputs) -> RungOutputs:
    """Of every sequence the outputs of its last step."""
    return rung.holding(rung.stored[:, -1], per_step=False)


def _one_sequence(rung: RungOutputs) -> RungOutputs:
    """Chunks of a sequence one behind the other."""
    if not rung.per_step or rung.stored.ndim != 4:
        return rung
    count, calls, steps, outputs = rung.stored.shape
    return rung.holding(rung.stored.reshape(count, calls * steps, outputs))


def _every(rung: RungOutputs, stride: int) -> RungOutputs:
    """Every `stride`-th step, the last one included."""
    return rung if stride == 1 else rung.holding(rung.stored[:, stride - 1 :: stride])
