"""Models that must not run are refused by name, and the board goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.errors import (
    ArenaTooSmall,
    CorruptModel,
    ModelMismatch,
    ModelRejected,
    ModelTooBig,
    UnsupportedModel,
)
from tflm_hil.models.slot.slot import SlotEntry, model_hash
from tflm_hil.models.zoo.manifest import Variant

from tests.hil.conftest import Loaded
from tests.support import tiny_models

FLIPS = 24


@pytest.fixture
def still_works(load: Callable[[Variant], Loaded], any_variant: Variant) -> Iterator[None]:
    """Around a test: a good model gives the same outputs before and after it."""
    before = load(any_variant).outputs([0, 1])
    yield
    assert load(any_variant).outputs([0, 1]) == before


pytestmark = pytest.mark.usefixtures("still_works")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated_model(bench: Bench, any_variant: Variant, share: float) -> None:
    content = any_variant.content()
    with pytest.raises(CorruptModel):
        bench.load(SlotEntry("truncated", content[: int(len(content) * share)]))


def test_not_a_model_at_all(bench: Bench) -> None:
    with pytest.raises(CorruptModel):
        bench.load(SlotEntry("text", b"this is no flatbuffer\n" * 20))


def test_flipped_bits_never_crash_the_board(bench: Bench, any_variant: Variant) -> None:
    """A flipped bit in the structure is refused; one in a weight makes another valid model, which
    loads and runs. Nothing else may happen."""
    content = any_variant.content()
    generator = np.random.default_rng(20)
    damaged = []
    for number in range(FLIPS):
        copy = bytearray(content)
        copy[int(generator.integers(len(copy)))] ^= 1 << int(generator.integers(8))
        damaged.append(SlotEntry(f"flip {number}", bytes(copy)))
    bench.store(damaged)
    refused = 0
    for entry in damaged:
        try:
            device = bench.load(entry)
        except ModelRejected:
            refused += 1
        else:
            assert device.model is not None
            device.step(bytes(device.model.input_bytes))
    assert refused < FLIPS


def test_flipped_bits_in_the_structure_are_refused(bench: Bench, any_variant: Variant) -> None:
    """The first bytes are offsets and identifier: each flip of these leads nowhere."""
    content = any_variant.content()
    damaged = []
    for byte in (3, 4, 5, 6, 7):
        copy = bytearray(content)
        copy[byte] ^= 0x40
        damaged.append(SlotEntry(f"head {byte}", bytes(copy)))
    bench.store(damaged)
    for entry in damaged:
        with pytest.raises(ModelRejected):
            bench.load(entry)


def test_unsupported_operator_is_named(bench: Bench) -> None:
    entry = SlotEntry("tile", tiny_models.with_operator("TILE"))
    with pytest.raises(UnsupportedModel, match="TILE") as caught:
        bench.load(entry)
    assert caught.value.remedy


def test_arena_too_small_says_by_how_much(bench: Bench) -> None:
    elements = 100_000  # twice 400 kB, more than the chip has RAM
    with pytest.raises(ArenaTooSmall, match="are missing") as caught:
        bench.load(SlotEntry("large", tiny_models.add(elements)))
    rejection = caught.value.rejection
    assert rejection is not None
    assert rejection.needed >= 2 * 4 * elements
    assert rejection.available == bench.hello.arena_bytes
    assert f"{rejection.needed - rejection.available} are missing" in caught.value.what


def test_too_big_for_the_slot_is_refused_before_anything_is_erased(bench: Bench) -> None:
    with pytest.raises(ModelTooBig, match="too many"):
        bench.load(SlotEntry("too big", bytes(bench.board.spec.flash.slot_bytes)))


def test_wrong_hash_is_a_mismatch(bench: Bench, any_variant: Variant) -> None:
    wanted = model_hash(any_variant.content() + b"another version")
    with pytest.raises(ModelMismatch, match="not in the board's model slot"):
        bench.device().load(wanted)


def test_no_model_loaded_is_said(bench: Bench) -> None:
    from tflm_hil.errors import ProtocolError

    with pytest.raises(ProtocolError, match="no model is loaded"):
        bench.device().step(b"\0\0\0\0")
