"""The model slot, against a model of NOR flash: an erase sets bits, programming clears them."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.errors import ModelTooBig
from tflm_hil.models.slot.slot import (
    HEADER_BYTES,
    Directory,
    SlotEntry,
    model_hash,
    pack,
    parse,
    plan_append,
    read_directory,
)

SLOT_BYTES = 4096

models = st.builds(SlotEntry, st.text(max_size=12), st.binary(min_size=1, max_size=600))
model_lists = st.lists(models, max_size=4, unique_by=lambda entry: entry.hash)


class NorFlash:
    """A slot as the chip has it; `power` is the number of bytes that can still be programmed."""

    def __init__(self, image: bytes = b"") -> None:
        self.content = bytearray(image.ljust(SLOT_BYTES, b"\xff"))
        self.power = 10**9
        self.erases = 0
        self.programmed = 0

    def program(self, offset: int, data: bytes) -> None:
        data = data[: self.power]
        self.power -= len(data)
        self.programmed += len(data)
        for index, value in enumerate(data, offset):
            self.content[index] &= value

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.content[offset : offset + length])

    def is_blank(self, offset: int, length: int) -> bool:
        return self.read(offset, length) == b"\xff" * length

    def store(self, wanted: list[SlotEntry]) -> None:
        plan = plan_append(read_directory(self.read, SLOT_BYTES), wanted, self.is_blank)
        if plan.erase:
            self.content[:] = b"\xff" * SLOT_BYTES
            self.erases += 1
        for offset, entry in plan.writes:
            self.program(offset + HEADER_BYTES, entry.payload())
            self.program(offset, entry.header())


def hashes(directory: Directory) -> list[str]:
    return [model.hash for model in directory.models]


def test_header_has_the_layout_that_the_firmware_reads() -> None:
    data = bytes(range(10))
    image = pack([SlotEntry("grüße", data)])
    assert struct.unpack_from("<IHHII", image) == (
        0x4D4C4948,
        1,
        64,
        10,
        zlib.crc32(data),
    )
    assert image[16:32] == hashlib.sha256(data).digest()[:16]
    assert image[32:56] == "grüße".encode().ljust(24, b"\0")
    assert struct.unpack_from("<II", image, 56) == (0, zlib.crc32(image[:60]))
    assert image[64:] == data + b"\xff\xff"


def test_hash_is_the_first_half_of_sha256_in_hexadecimal() -> None:
    assert model_hash(b"abc") == hashlib.sha256(b"abc").hexdigest()[:32]


def test_a_long_name_is_cut_between_characters() -> None:
    directory = parse(pack([SlotEntry("x" * 23 + "ü", b"model")]).ljust(SLOT_BYTES, b"\xff"))
    assert directory.models[0].name == "x" * 23


@given(model_lists)
def test_what_is_packed_is_found_again(entries: list[SlotEntry]) -> None:
    image = pack(entries).ljust(SLOT_BYTES, b"\xff")
    directory = parse(image)
    assert directory.damage == ""
    assert hashes(directory) == [entry.hash for entry in entries]
    for stored, entry in zip(directory.models, entries, strict=True):
        start = stored.offset + HEADER_BYTES
        assert stored.offset % 32 == 0
        assert image[start : start + stored.length] == entry.data


@given(model_lists, model_lists)
def test_appending_keeps_what_was_there(first: list[SlotEntry], second: list[SlotEntry]) -> None:
    flash = NorFlash()
    flash.store(first)
    flash.store(second)
    expected = list(dict.fromkeys(entry.hash for entry in first + second))
    assert hashes(parse(bytes(flash.content))) == expected
    assert flash.erases == 0


@given(model_lists)
def test_storing_again_programs_nothing(entries: list[SlotEntry]) -> None:
    flash = NorFlash()
    flash.store(entries)
    before = flash.programmed
    flash.store(entries)
    assert flash.programmed == before


@given(models, models, st.data())
def test_a_cut_off_append_leaves_no_entry_and_heals(
    first: SlotEntry, second: SlotEntry, data: st.DataObject
) -> None:
    flash = NorFlash()
    flash.store([first])
    needed = len(second.payload()) + HEADER_BYTES
    flash.power = data.draw(st.integers(0, needed - 1))
    flash.store([second])
    directory = parse(bytes(flash.content))
    assert first.hash in hashes(directory)
    # The last bytes of a header may happen to be 0xFF: then it was complete before the cut.
    if flash.read(first.stored_bytes, HEADER_BYTES) != second.header():
        assert set(hashes(directory)) == {first.hash}
    flash.power = 10**9
    flash.store([first, second])
    healed = parse(bytes(flash.content))
    assert healed.damage == ""
    assert {first.hash, second.hash} <= set(hashes(healed))


@given(st.lists(models, min_size=1, max_size=3, unique_by=lambda e: e.hash), st.data())
def test_a_flipped_bit_in_any_entry_is_damage_and_is_erased(
    entries: list[SlotEntry], data: st.DataObject
) -> None:
    image = pack(entries)
    flash = NorFlash(image)
    victim = data.draw(st.sampled_from(parse(bytes(flash.content)).models))
    # Byte 0..3 of a header may turn into the end mark: then the list is shorter, not damaged.
    position = victim.offset + data.draw(st.integers(4, HEADER_BYTES + victim.length - 1))
    flash.content[position] ^= 1 << data.draw(st.integers(0, 7))
    directory = parse(bytes(flash.content))
    assert directory.damage
    assert victim.hash not in hashes(directory)
    flash.store(entries)
    assert hashes(parse(bytes(flash.content))) == [entry.hash for entry in entries]
    assert flash.erases == 1


def test_full_slot_is_erased_and_takes_the_wanted_models() -> None:
    flash = NorFlash()
    old = SlotEntry("old", b"o" * 3000)
    new = SlotEntry("new", b"n" * 3000)
    flash.store([old])
    flash.store([new])
    assert flash.erases == 1
    assert hashes(parse(bytes(flash.content))) == [new.hash]


def test_a_slot_filled_to_its_last_byte_is_read_to_its_end() -> None:
    entry = SlotEntry("all", b"a" * (SLOT_BYTES - HEADER_BYTES))
    flash = NorFlash()
    flash.store([entry])
    directory = parse(bytes(flash.content))
    assert hashes(directory) == [entry.hash]
    assert directory.free_bytes == 0


def test_too_big_a_model_is_refused_with_the_difference() -> None:
    entry = SlotEntry("huge", b"h" * SLOT_BYTES)
    with pytest.raises(ModelTooBig, match=r"'huge'.* 64 too many"):
        plan_append(parse(b"\xff" * SLOT_BYTES), [entry], lambda *_: True)


def test_too_many_models_are_refused_before_anything_is_erased() -> None:
    flash = NorFlash()
    flash.store([SlotEntry("kept", b"k" * 100)])
    with pytest.raises(ModelTooBig, match="2 models together"):
        flash.store([SlotEntry("a", b"a" * 3000), SlotEntry("b", b"b" * 3000)])
    assert flash.erases == 0


def test_headers_alone_can_be_read_without_the_models() -> None:
    flash = NorFlash(pack([SlotEntry("a", b"a" * 500), SlotEntry("b", b"b" * 500)]))
    read_lengths = []

    def read(offset: int, length: int) -> bytes:
        read_lengths.append(length)
        return flash.read(offset, length)

    assert len(read_directory(read, SLOT_BYTES, check_models=False).models) == 2
    assert read_lengths == [HEADER_BYTES] * 3


@given(st.binary(max_size=300))
def test_any_bytes_can_be_parsed(noise: bytes) -> None:
    directory = parse(noise.ljust(512, b"\xff"))
    assert 0 <= directory.free_offset <= 512
