"""The aux data of a slot entry; the firmware's tests read its bytes in `link_vectors.txt`."""

from __future__ import annotations

import struct

from tflm_hil.models.slot.slot import SlotEntry, pack, parse, plan_append
from tflm_hil.models.slot.slot_aux import is_whole, pack_states
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import StatePair

PAIR = StatePair("h", 2, 1, (4,), Quantization("int8", 0.5, 3), Quantization("int8", 0.25, -1))
AUX = pack_states([PAIR])
SLOT_BYTES = 0x8000
MODEL = b"seven b"  # not whole words


def test_layout() -> None:
    assert struct.unpack("<HHHH", AUX[4:12]) == (1, 1, 1, 20)
    assert struct.unpack("<BBHfifi", AUX[12:]) == (2, 1, 0, 0.5, 3, 0.25, -1)


def test_no_states_are_no_bytes() -> None:
    assert pack_states([]) == b""
    assert is_whole(b"")


def test_any_flipped_bit_shows() -> None:
    assert is_whole(AUX)
    for bit in range(8 * len(AUX)):
        damaged = bytearray(AUX)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not is_whole(bytes(damaged)), bit
    assert not is_whole(AUX[:3])


def test_aux_is_stored_behind_the_model_and_found_again() -> None:
    after = SlotEntry("after", b"another model")
    directory = parse(pack([SlotEntry("m", MODEL, AUX), after]).ljust(SLOT_BYTES, b"\xff"))
    assert not directory.damage
    assert [model.aux for model in directory.models] == [AUX, b""]


def test_damaged_aux_makes_the_store_start_anew() -> None:
    image = bytearray(pack([SlotEntry("m", MODEL, AUX)]).ljust(SLOT_BYTES, b"\xff"))
    image[image.index(AUX) + 9] ^= 4
    assert "aux" in parse(bytes(image)).damage


def test_other_aux_for_a_stored_model_is_appended_and_the_last_entry_counts() -> None:
    old, new = SlotEntry("m", MODEL), SlotEntry("m", MODEL, AUX)
    directory = parse(pack([old]).ljust(SLOT_BYTES, b"\xff"))
    plan = plan_append(directory, [new], lambda _offset, _length: True)
    assert (plan.erase, [entry for _, entry in plan.writes]) == (False, [new])
    both = parse(pack([old, new]).ljust(SLOT_BYTES, b"\xff"))
    assert both.holds(new)
    assert not both.holds(old)
    assert plan_append(both, [new], lambda _offset, _length: True).writes == ()
    back = plan_append(both, [old], lambda _offset, _length: True)
    assert [entry for _, entry in back.writes] == [old]


def test_a_claimed_aux_length_beyond_the_slot_is_damage() -> None:
    image = pack([SlotEntry("m", MODEL, AUX)])
    assert "more than the slot has left" in parse(image[:-32]).damage
