"""Flash wears and costs time: firmware once, each model once, and nothing that is there already."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.run.run import Run

from tests.support import tiny_models


def written(hil: Run, since: int) -> dict[str, int]:
    """Bytes written since the flash log had `since` entries, by kind."""
    written: dict[str, int] = {}
    for record in hil.flash_log[since:]:
        written[record.what] = written.get(record.what, 0) + record.bytes
    return written


def fresh_model() -> SlotEntry:
    """A model that no board holds yet."""
    weights = np.random.default_rng().standard_normal((4, 3)).astype(np.float32)
    return SlotEntry("fresh", tiny_models.fully_connected(weights))


def test_firmware_was_flashed_at_most_once(hil: Run, bench: Bench) -> None:
    bench.device()
    flashed = [r for r in hil.flash_log if r.what == "firmware" and r.bytes > 0]
    assert len(flashed) <= 1


def test_second_run_writes_nothing(hil: Run, bench: Bench, any_variant: Variant) -> None:
    bench.load(slot_entry(any_variant))
    before = len(hil.flash_log)
    bench.start_over()
    bench.load(slot_entry(any_variant))
    assert written(hil, before) == {"firmware": 0, "models": 0}


def test_new_model_is_appended_and_the_firmware_left_alone(
    hil: Run, bench: Bench, any_variant: Variant
) -> None:
    bench.load(slot_entry(any_variant))
    entry = fresh_model()
    before = len(hil.flash_log)
    device = bench.load(entry)
    assert device.step(np.ones(3, "<f4").tobytes()).outputs
    log = hil.flash_log[before:]
    assert [record.what for record in log] == ["models"]
    # programmed in whole words: header, model and at most 31 bytes of alignment
    if log[0].erased_sectors == 0:
        assert len(entry.data) <= log[0].bytes <= entry.stored_bytes + 32
    bench.load(slot_entry(any_variant))
    assert written(hil, before + 1).get("firmware", 0) == 0


def test_swapping_models_back_and_forth_writes_nothing(
    hil: Run, bench: Bench, any_variant: Variant
) -> None:
    first, second = slot_entry(any_variant), fresh_model()
    bench.store([first, second])
    before = len(hil.flash_log)
    for entry in (first, second, first):
        bench.load(entry)
    assert hil.flash_log[before:] == []


def test_full_slot_is_erased_and_old_models_come_back_on_demand(
    hil: Run, bench: Bench, any_variant: Variant
) -> None:
    if not bench.board.spec.is_emulated:
        pytest.skip("costs a real board two erases of its largest sectors at every run")
    keep = slot_entry(any_variant)
    bench.load(keep)
    before = len(hil.flash_log)
    too_many = bench.board.spec.flash.slot_bytes * 3 // 5
    for _ in range(2):
        # Trailing bytes do not disturb a flatbuffer; two of this length do not fit the slot.
        entry = fresh_model()
        bench.load(replace(entry, data=entry.data + bytes(too_many)))
    assert any(record.erased_sectors for record in hil.flash_log[before:])
    device = bench.load(keep)
    assert device.model is not None
    assert device.step(bytes(device.model.input_bytes)).outputs


def test_what_a_run_has_used_is_written_again_with_what_needs_the_room(
    hil: Run, bench: Bench
) -> None:
    if not bench.board.spec.is_emulated:
        pytest.skip("costs a real board an erase of its largest sectors at every run")
    forgotten, keep, big = fresh_model(), fresh_model(), fresh_model()
    bench.store([forgotten, keep])
    bench.start_over()
    bench.load(keep)
    # Room for these two, but not for a third.
    room = bench.board.spec.flash.slot_bytes - keep.stored_bytes - big.stored_bytes
    before = len(hil.flash_log)
    bench.load(replace(big, data=big.data + bytes(room - 64)))
    (record,) = hil.flash_log[before:]
    assert record.erased_sectors > 0
    bench.load(keep)
    assert hil.flash_log[before:] == [record], "it has come along"


@pytest.mark.hil_last
def test_numbers_are_in_the_report(hil: Run, bench: Bench) -> None:
    bench.device()
    assert {record.what for record in hil.flash_log} >= {"firmware"}
    assert all(record.seconds >= 0 for record in hil.flash_log)
