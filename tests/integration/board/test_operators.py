"""Every operator on the emulated Cortex-M7: one random model of each family against the wheel, and
the arena that it takes against the estimate.
"""

from __future__ import annotations

from pathlib import Path

from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.tflite.arena import estimate
from tflm_hil.models.tflite.inspect import inspect

from tests.integration.engine.conftest import alike

from .conftest import Bench

INFERENCES = 4  # as the worker makes
FLOAT_BOUND = 1e-6  # relative above 1; integers must be the same bits


def test_operators_equal_the_wheel(bench: Bench, random_ops: list[Path]) -> None:
    models = [path for path in random_ops if path.with_suffix(".out").exists()]
    entries = [SlotEntry(path.stem[:23], path.read_bytes()) for path in models]
    bench.probe.store_models(entries)
    bench.device.hello()
    wrong = []
    wrong_arena = []
    for path, entry in zip(models, entries, strict=True):
        loaded = bench.device.load(entry.hash)
        if loaded.arena_bytes != (foretold := estimate(inspect(entry.data)).total):
            wrong_arena.append((path.stem, loaded.arena_bytes, foretold))
        raw = path.with_suffix(".in").read_bytes()
        size = len(raw) // INFERENCES
        steps = [raw[k * size : (k + 1) * size] for k in range(INFERENCES)]
        (result,) = bench.device.stream([SequenceRequest(path.stem, steps)])
        wanted = path.with_suffix(".out").read_bytes()
        if not alike(result.outputs, wanted, path.stem, FLOAT_BOUND):
            wrong.append(path.stem)
    assert not wrong
    assert not wrong_arena
    assert len(models) > 250
    assert bench.state()["findings"] == []
