"""Damaged models on the emulated Cortex-M7: refused, or they give what the desktop wheel gives.

`HIL_DAMAGED_ON_BOARD=500` damages that many instead of a few.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from tflm_hil.errors import DeviceError, ModelRejected, TargetFault
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.slot.slot import SlotEntry

from tests.integration.engine.conftest import alike
from tests.integration.engine.damage import FLOAT_BOUND, write_damaged

from .conftest import Bench

DAMAGED = int(os.environ.get("HIL_DAMAGED_ON_BOARD", "40"))


def test_refused_or_equal_to_the_wheel(
    bench: Bench, random_ops: list[Path], tmp_path: Path
) -> None:
    """Prints what became of them: `pytest -s`."""
    write_damaged(tmp_path, random_ops, DAMAGED)
    paths = sorted(tmp_path.glob("*.tflite"))
    entries = [SlotEntry(path.stem[:23], path.read_bytes()) for path in paths]
    bench.probe.store_models(entries)
    bench.device.hello()
    became: Counter[str] = Counter()
    different = []
    for path, entry in zip(paths, entries, strict=True):
        wheel_runs = path.with_suffix(".out").exists()
        kept = "run by the wheel" if wheel_runs else "refused by the wheel"
        try:
            loaded = bench.device.load(entry.hash)
            raw = path.with_suffix(".in").read_bytes() if wheel_runs else bytes(loaded.input_bytes)
            size = loaded.input_bytes
            if not size:  # its inputs are not connected: there is nothing to send
                became[f"without inputs, {kept}"] += 1
                continue
            steps = [raw[at : at + size] for at in range(0, len(raw), size)]
            (result,) = bench.device.stream([SequenceRequest(entry.name, steps)])
        except TargetFault:
            raise
        except (ModelRejected, DeviceError) as refusal:
            became[f"{type(refusal).__name__}, {kept}"] += 1
            continue
        became[f"run, {kept}"] += 1
        if wheel_runs and not alike(
            result.outputs, path.with_suffix(".out").read_bytes(), path.name, FLOAT_BOUND
        ):
            different.append(path.name)
    print(f"{DAMAGED} damaged models on the board: {dict(became)}")
    assert not different
    assert became["run, run by the wheel"] > DAMAGED // 10
    assert bench.state()["findings"] == []
