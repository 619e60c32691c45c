"""The protocol table `protocol.toml` as constants and as a codec for payloads.

`Codec.pack`/`Codec.unpack` turn a message's fields into payload bytes and back, guided by the
table alone, so a field exists in one place. Bulk data (`rest` fields) is passed through as
`bytes`; the streaming path never goes through the codec.
"""

from __future__ import annotations

import struct
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIXED = {
    "u8": struct.Struct("<B"),
    "u16": struct.Struct("<H"),
    "u32": struct.Struct("<I"),
    "u64": struct.Struct("<Q"),
    "i16": struct.Struct("<h"),
    "i32": struct.Struct("<i"),
    "f32": struct.Struct("<f"),
}


class PayloadError(ValueError):
    """A payload that is not what the table says."""


@dataclass(frozen=True)
class Field:
    """One field of a message: its name and its type in the table's grammar."""

    name: str
    type: str


Fields = tuple[Field, ...]


@dataclass(frozen=True)
class Request:
    """A request and its reply, as the table has them."""

    name: str
    id: int
    fields: Fields
    reply: Fields
    flags: dict[str, int]


@dataclass(frozen=True)
class Event:
    """A message that the device sends unasked (or, for `error`, instead of a reply)."""

    name: str
    id: int
    fields: Fields


class Protocol:
    """The table, read once at import (`TABLE` below)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.version: int = document["version"]
        self.limits: dict[str, int] = document["limits"]
        self.reply_bit: int = document["reply"]["bit"]
        self.codes: dict[str, dict[str, int]] = document["code"]
        self.bits: dict[str, dict[str, int]] = document["bits"]
        self.structs = {name: _fields(rows) for name, rows in document["struct"].items()}
        self.requests = {
            name: Request(
                name,
                entry["id"],
                _fields(entry["fields"]),
                _fields(entry["reply"]),
                entry.get("flags", {}),
            )
            for name, entry in document["request"].items()
        }
        self.events = {
            name: Event(name, entry["id"], _fields(entry["fields"]))
            for name, entry in document["event"].items()
        }
        self.names: dict[int, str] = {request.id: name for name, request in self.requests.items()}

    def pack(self, fields: Fields, values: dict[str, Any]) -> bytes:
        """The payload for `values`, which has exactly the fields' names."""
        if set(values) != {field.name for field in fields}:
            raise PayloadError(f"fields {sorted(values)} given for {[f.name for f in fields]}")
        return b"".join(self._pack_one(field.type, values[field.name]) for field in fields)

    def unpack(self, fields: Fields, payload: bytes) -> dict[str, Any]:
        """The fields of `payload`. Raises PayloadError unless it is used up exactly."""
        values, end = self._unpack_some(fields, payload, 0)
        if end != len(payload):
            raise PayloadError(f"{len(payload) - end} bytes too many")
        return values

    def _pack_one(self, kind: str, value: Any) -> bytes:
        if kind in FIXED:
            return bytes(FIXED[kind].pack(value))
        if kind == "text":
            raw: bytes = value.encode()
            return bytes([len(raw)]) + raw
        if kind == "blob":
            return bytes([len(value)]) + bytes(value)
        if kind == "rest":
            return bytes(value)
        if kind.startswith("bytes"):
            if len(value) != int(kind[5:]):
                raise PayloadError(f"{kind} of {len(value)} bytes")
            return bytes(value)
        element, count = _array(kind)
        if element in FIXED:
            if count is not None and len(value) != count:
                raise PayloadError(f"{kind} of {len(value)} numbers")
            return b"".join(FIXED[element].pack(number) for number in value)
        inner = self.structs[element]
        return bytes([len(value)]) + b"".join(self.pack(inner, item) for item in value)

    def _unpack_some(self, fields: Fields, data: bytes, at: int) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        for field in fields:
            try:
                values[field.name], at = self._unpack_one(field.type, data, at)
            except (struct.error, IndexError, UnicodeDecodeError) as error:
                raise PayloadError(f"field {field.name}: {error}") from error
        return values, at

    def _unpack_one(self, kind: str, data: bytes, at: int) -> tuple[Any, int]:
        if kind in FIXED:
            codec = FIXED[kind]
            return codec.unpack_from(data, at)[0], at + codec.size
        if kind in ("text", "blob"):
            raw = _take(data, at + 1, data[at])
            return (raw.decode() if kind == "text" else raw), at + 1 + len(raw)
        if kind == "rest":
            return data[at:], len(data)
        if kind.startswith("bytes"):
            length = int(kind[5:])
            return _take(data, at, length), at + length
        element, count = _array(kind)
        if element in FIXED:
            size = FIXED[element].size
            if count is None:
                count, odd = divmod(len(data) - at, size)
                if odd:
                    raise PayloadError(f"{odd} bytes left over behind {kind}")
            numbers = struct.unpack_from(f"<{count}{FIXED[element].format[1:]}", data, at)
            return numbers, at + count * size
        items = []
        repeat, at = data[at], at + 1
        for _ in range(repeat):
            item, at = self._unpack_some(self.structs[element], data, at)
            items.append(item)
        return items, at


def _fields(rows: list[list[str]]) -> Fields:
    return tuple(Field(name, kind) for name, kind in rows)


def _array(kind: str) -> tuple[str, int | None]:
    """("u32", 13) of "u32[13]", ("u32", None) of "u32*"."""
    if kind.endswith("*"):
        return kind[:-1], None
    element, _, count = kind.rstrip("]").partition("[")
    return element, int(count)


def _take(data: bytes, at: int, length: int) -> bytes:
    piece = data[at : at + length]
    if len(piece) != length:
        raise PayloadError(f"{length} bytes announced, {len(piece)} there")
    return piece


TABLE = Protocol(tomllib.loads((Path(__file__).parent / "protocol.toml").read_text()))

MAX_PAYLOAD = TABLE.limits["max_payload"]
DEFAULT_BAUD = TABLE.limits["default_baud"]
