"""The model slot: an append-only store of models in flash sectors of their own, as bytes.

Where it lies and how large it is, the board file says.

NOR flash can be appended to without an erase, so the slot keeps every model that was ever stored
until it is full: a run of many models flashes each of them once, a warm run flashes nothing. The
device looks a model up by its hash (`firmware/app/model_slot.h` reads what is written here).

    directory = read_directory(
        lambda offset, length: probe.read_memory(slot_address + offset, length), slot_bytes
    )
    plan = plan_append(directory, wanted)     # what to write where, and whether to erase first

An entry starts on a multiple of 32 bytes (a cache line), directly after the previous one:

    0   u32  magic "HILM"          4  u16 header version 1     6  u16 header size 64
    8   u32  model length         12  u32 CRC-32 of the model
    16  16 B hash: first half of the SHA-256 of the model
    32  24 B name, UTF-8, NUL padded
    56  u32  aux length            60 u32 CRC-32 of bytes 0..59
    64  model, padded to 4 bytes; aux (see slot_aux.py)

all little endian. The list ends where the first word of an entry is erased (0xFFFFFFFF). The
payload is programmed first and the header last, so a cut-off append leaves no entry behind, only
flash that is not blank; that, a damaged header or a wrong CRC makes the next append start anew.

Of several entries with one hash the last counts. So a model that gets new aux data is
appended again: rare, and no more than its size is lost until the slot is next erased.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tflm_hil.errors import ModelTooBig
from tflm_hil.models.slot.slot_aux import is_whole

MAGIC = 0x4D4C4948
HEADER_VERSION = 1
HEADER_BYTES = 64
ENTRY_ALIGN = 32
HASH_BYTES = 16
NAME_BYTES = 24
ERASED_WORD = 0xFFFFFFFF

_HEADER = struct.Struct(f"<IHHII{HASH_BYTES}s{NAME_BYTES}sI")
_CRC = struct.Struct("<I")

SMALLER = "make the model smaller"

ReadSlot = Callable[[int, int], bytes]
"""`read(offset, length)`: bytes of the slot, offset from its start."""


@dataclass(frozen=True)
class SlotEntry:
    """A model to be stored: the bytes of a .tflite and a name for people (≤ 24 bytes kept).

    `aux` is what the device has to know besides, see `slot_aux`; a multiple of 4 bytes.
    """

    name: str
    data: bytes
    aux: bytes = b""

    @cached_property
    def hash(self) -> str:
        """How the device knows the model: 32 hexadecimal digits."""
        return model_hash(self.data)

    @property
    def stored_bytes(self) -> int:
        """What the entry takes in the slot, header and padding included."""
        return _stored_bytes(len(self.data), len(self.aux))

    def header(self) -> bytes:
        """The 64 bytes that make the payload behind them an entry."""
        fields = _HEADER.pack(
            MAGIC,
            HEADER_VERSION,
            HEADER_BYTES,
            len(self.data),
            zlib.crc32(self.data),
            bytes.fromhex(self.hash),
            _shorten(self.name),
            len(self.aux),
        )
        return fields + _CRC.pack(zlib.crc32(fields))

    def payload(self) -> bytes:
        """What follows the header, padded with erased bytes to whole words."""
        return self.data + b"\xff" * (_align(len(self.data), 4) - len(self.data)) + self.aux


@dataclass(frozen=True)
class StoredModel:
    """An entry found in the slot. `offset` is that of its header."""

    hash: str
    name: str
    offset: int
    length: int
    crc32: int
    aux: bytes

    @property
    def end(self) -> int:
        """Offset of the next entry."""
        return self.offset + _stored_bytes(self.length, len(self.aux))


@dataclass(frozen=True)
class Directory:
    """What the slot holds. `damage` says why the store cannot be trusted; empty when it can."""

    models: tuple[StoredModel, ...]
    free_offset: int
    slot_bytes: int
    damage: str = ""

    @property
    def free_bytes(self) -> int:
        """Room behind the last entry, headers included."""
        return self.slot_bytes - self.free_offset

    def find(self, model_hash: str) -> StoredModel | None:
        """The entry that counts for this hash, or None."""
        return next((model for model in reversed(self.models) if model.hash == model_hash), None)

    def holds(self, entry: SlotEntry) -> bool:
        """Whether LOAD would find this model with this aux data."""
        stored = self.find(entry.hash)
        return stored is not None and stored.aux == entry.aux


@dataclass(frozen=True)
class AppendPlan:
    """What to do to the slot: erase it or not, then program each entry at its offset."""

    erase: bool
    reason: str
    writes: tuple[tuple[int, SlotEntry], ...]


def model_hash(data: bytes) -> str:
    """The hash by which slot and device know a .tflite: 32 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[: 2 * HASH_BYTES]


def pack(entries: Iterable[SlotEntry], slot_bytes: int | None = None) -> bytes:
    """The slot's first bytes when `entries` are stored in an erased one.

    Raises ModelTooBig if they are more than `slot_bytes`.
    """
    image = bytearray()
    for entry in entries:
        image += b"\xff" * (_align(len(image), ENTRY_ALIGN) - len(image))
        image += entry.header() + entry.payload()
    if slot_bytes is not None and len(image) > slot_bytes:
        raise _too_big(f"{len(image):,} bytes of models", len(image), slot_bytes)
    return bytes(image)


def parse(image: bytes) -> Directory:
    """The directory of a complete slot image, every CRC checked."""
    return read_directory(lambda offset, length: image[offset : offset + length], len(image))


def read_directory(read: ReadSlot, slot_bytes: int, *, check_models: bool = True) -> Directory:
    """Walk the entries through `read`, which is only asked for what is needed.

    Without `check_models` only the headers are read and the models' own CRCs are not checked.
    """
    models: list[StoredModel] = []
    offset = 0

    def directory(damage: str = "") -> Directory:
        return Directory(tuple(models), offset, slot_bytes, damage)

    while offset + HEADER_BYTES <= slot_bytes:
        header = read(offset, HEADER_BYTES)
        if _CRC.unpack_from(header)[0] == ERASED_WORD:
            return directory()
        model, damage = _parse_entry(header, read, offset, slot_bytes)
        if model is None:
            return directory(damage)
        if check_models:
            data = read(offset + HEADER_BYTES, model.length)
            if zlib.crc32(data) != model.crc32 or model_hash(data) != model.hash:
                return directory(f"model {model.name!r} at offset {offset:#x} is damaged")
        models.append(model)
        offset = model.end
    return directory()


def plan_append(
    directory: Directory, wanted: Sequence[SlotEntry], is_blank: Callable[[int, int], bool]
) -> AppendPlan:
    """How to bring `wanted` into the slot with the least flashing.

    `is_blank(offset, length)` looks at the flash where the new entries would go. Models that are
    there already are not written again. Raises ModelTooBig when even an erased slot is too small.
    """
    unique = list({entry.hash: entry for entry in wanted}.values())
    missing = [entry for entry in unique if not directory.holds(entry)]
    if not directory.damage:
        if not missing:
            return AppendPlan(False, "all models are there", ())
        needed = sum(entry.stored_bytes for entry in missing)
        if needed <= directory.free_bytes:
            if is_blank(directory.free_offset, needed):
                return AppendPlan(False, "appended", _place(missing, directory.free_offset))
            reason = "the free space is not blank (an append was cut off)"
        else:
            reason = "the slot is full"
    else:
        reason = directory.damage
    for entry in unique:
        check_fits(entry, directory.slot_bytes)
    total = sum(entry.stored_bytes for entry in unique)
    if total > directory.slot_bytes:
        raise _too_big(f"the {len(unique)} models together", total, directory.slot_bytes)
    return AppendPlan(True, reason, _place(unique, 0))


def _parse_entry(
    header: bytes, read: ReadSlot, offset: int, slot_bytes: int
) -> tuple[StoredModel | None, str]:
    where = f"the entry at offset {offset:#x}"
    if _CRC.unpack_from(header, HEADER_BYTES - 4)[0] != zlib.crc32(header[: HEADER_BYTES - 4]):
        return None, f"{where} has a damaged header"
    magic, version, size, length, crc32, digest, name, aux_length = _HEADER.unpack_from(header)
    if (magic, version, size) != (MAGIC, HEADER_VERSION, HEADER_BYTES):
        return None, f"{where} has another format (version {version})"
    aux_offset = offset + HEADER_BYTES + _align(length, 4)
    if offset + HEADER_BYTES + length > slot_bytes or aux_offset + aux_length > slot_bytes:
        claimed = length + aux_length
        return None, f"{where} claims {claimed:,} bytes, more than the slot has left"
    aux = read(aux_offset, aux_length) if aux_length else b""
    if not is_whole(aux):
        return None, f"{where} has damaged aux data"
    text = name.rstrip(b"\0").decode("utf-8", "replace")
    return StoredModel(digest.hex(), text, offset, length, crc32, aux), ""


def _place(entries: Sequence[SlotEntry], offset: int) -> tuple[tuple[int, SlotEntry], ...]:
    placed = []
    for entry in entries:
        placed.append((offset, entry))
        offset += entry.stored_bytes
    return tuple(placed)


def _shorten(name: str) -> bytes:
    # Cut between characters, never inside one.
    return name.encode()[:NAME_BYTES].decode("utf-8", "ignore").encode().ljust(NAME_BYTES, b"\0")


def _stored_bytes(length: int, aux_length: int) -> int:
    return _align(HEADER_BYTES + _align(length, 4) + aux_length, ENTRY_ALIGN)


def _align(value: int, step: int) -> int:
    return (value + step - 1) // step * step


def check_fits(entry: SlotEntry, slot_bytes: int) -> None:
    """Raises ModelTooBig for an entry that is larger than an erased slot."""
    if entry.stored_bytes > slot_bytes:
        name = f"model {entry.name!r}"
        raise _too_big(name, entry.stored_bytes, slot_bytes, f"{SMALLER}, or use another board")


def _too_big(
    what: str, needed: int, slot_bytes: int, remedy: str = "test fewer models at a time"
) -> ModelTooBig:
    return ModelTooBig(
        f"{what}: {needed:,} bytes with headers, the model slot has {slot_bytes:,}; "
        f"{needed - slot_bytes:,} too many",
        remedy=remedy,
    )
