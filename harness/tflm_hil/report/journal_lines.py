"""The lines of a journal: each has its number and a checksum, so that what is wrong is seen.

    {"event":"result","n":17, …,"crc":"89abcdef"}

A line is JSON. `n` counts the lines of the file from 0: a gap says that lines are missing, a number
that was there before that one is repeated. `crc` is the CRC-32 of all bytes of the line before
`,"crc"`: it finds every burst of up to 32 flipped bits, and all but one in 2^32 of anything else. A
last line without its line feed was torn while it was written.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

from tflm_hil.report.resumption import DamageKind

FORMAT = 3  # of the lines; records of another format cannot be gone on with
_END = re.compile(rb',"crc":"([0-9a-f]{8})"\}\Z')
LINES_NAMED = 20


def encode(number: int, event: str, values: dict[str, Any]) -> bytes:
    """One line, with its line feed. `values` must be JSON."""
    body = json.dumps({"event": event, "n": number, **values}, separators=(",", ":")).encode()[:-1]
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def decode(line: bytes) -> dict[str, Any] | None:
    """What was written, None if this is not a line as it was written. Without the line feed."""
    end = _END.search(line)
    if end is None or int(end[1], 16) != zlib.crc32(line[: end.start()]):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("event"), str):
        return None
    return entry if type(entry.get("n")) is int and entry["n"] >= 0 else None


def is_of_another_version(line: bytes) -> bool:
    """Whether this is the first line of a journal that another version wrote."""
    entry = decode(line)
    if entry is None:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return False
        if not isinstance(entry, dict) or "crc" in entry:  # one of ours, damaged
            return False
    return entry.get("event") == "run" and entry.get("format") != FORMAT


@dataclass(frozen=True)
class Damage:
    """Lines of one journal that are not as they were written. `lines` are the first of them, by
    their place in the file, from 1; of missing ones, where they would be.
    """

    kind: DamageKind
    count: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Content:
    """What a journal holds: the lines that are as they were written, and what is to be said of the
    others.
    """

    entries: tuple[dict[str, Any], ...]
    damage: tuple[Damage, ...]


def read(content: bytes) -> Content:
    """A whole journal, however damaged."""
    *lines, torn = content.split(b"\n")
    places: dict[DamageKind, list[int]] = {kind: [] for kind in DamageKind}
    missing = 0
    entries: dict[int, dict[str, Any]] = {}
    following = unreadable = 0  # the number that comes next; damaged lines since the last sound one
    for place, line in enumerate(lines, start=1):
        entry = decode(line)
        if entry is None:
            places[DamageKind.CHECKSUM].append(place)
            unreadable += 1
            continue
        number = entry["n"]
        if number in entries:
            places[DamageKind.REPEATED].append(place)
            continue
        if number > following + unreadable:
            places[DamageKind.MISSING].append(place)
            missing += number - following - unreadable
        entries[number] = entry
        following, unreadable = max(following, number + 1), 0
    if torn:
        places[DamageKind.TORN].append(len(lines) + 1)
    damage = tuple(
        Damage(kind, missing if kind is DamageKind.MISSING else len(found), (*found[:LINES_NAMED],))
        for kind, found in places.items()
        if found
    )
    return Content(tuple(entries.values()), damage)
