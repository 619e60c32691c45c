"""A model and its samples are read once in a run, however many ask for them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.bench.variants import slot_entry
from tflm_hil.drift.long_sequence import carries_state, long_sequence
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.inspect import inspect as really_inspect
from tflm_hil.models.zoo import manifest
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.models.zoo.samples import SampleFile, Samples
from tflm_hil.options import from_lookup
from tflm_hil.run.preflight import Preflight

FOLDER = Path(__file__).parents[4] / "fixtures" / "models" / "sine_gru"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each was read: models as files, models as structures, sample files."""
    counts: Counter[str] = Counter()
    read_bytes, load = Path.read_bytes, SampleFile.load

    def counting_read(path: Path) -> bytes:
        if path.suffix == ".tflite":
            counts["file"] += 1
        return read_bytes(path)

    def counting_inspect(content: bytes, name: str = "the model") -> Inspection:
        counts["inspection"] += 1
        return really_inspect(content, name)

    def counting_load(source: SampleFile) -> Samples:
        counts["samples"] += 1
        return load(source)

    monkeypatch.setattr(manifest, "inspect", counting_inspect)
    monkeypatch.setattr(SampleFile, "load", counting_load)
    monkeypatch.setattr(Path, "read_bytes", counting_read)
    return counts


@pytest.mark.slow
def test_all_that_a_run_asks_of_a_variant_is_read_once(reads: Counter[str], tmp_path: Path) -> None:
    # copies: other tests of this process may have read the samples
    folder = shutil.copytree(FOLDER, tmp_path / "sine_gru")
    shutil.copy(FOLDER.parent / "sine_samples.npz", tmp_path)
    variants = load_model(folder).variants
    config = from_lookup({"hil_board": "nucleo-f746zg-emulated"}.get, {})
    assert config is not None
    reads.clear()  # the manifest's hashes have been checked
    checks = Preflight(config)
    for variant in variants:
        for _ in range(3):
            checks.clear(variant)
            checks.records(variant)
            slot_entry(variant)
            variant.load_samples()
            if carries_state(variant):
                long_sequence(variant)
    assert reads == {"file": len(variants), "inspection": len(variants), "samples": 1}


def test_nobody_can_change_what_others_read() -> None:
    samples = load_model(FOLDER).variants[0].load_samples()
    with pytest.raises(ValueError, match="read-only"):
        samples.inputs[0] = np.float32(1)
