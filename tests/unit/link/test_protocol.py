"""The table: its codec, its consistency, and the vectors made from it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.link.protocol import FIXED, TABLE, Field, Fields, PayloadError

DATA = Path(__file__).parents[2] / "data"
LIMITS = {
    "u8": (0, 2**8 - 1),
    "u16": (0, 2**16 - 1),
    "u32": (0, 2**32 - 1),
    "u64": (0, 2**64 - 1),
    "i16": (-(2**15), 2**15 - 1),
    "i32": (-(2**31), 2**31 - 1),
}


def values_of(kind: str) -> st.SearchStrategy[Any]:
    if kind == "f32":
        return st.floats(width=32, allow_nan=False)
    if kind in LIMITS:
        return st.integers(*LIMITS[kind])
    if kind == "text":
        return st.text(max_size=60)
    if kind in ("blob", "rest"):
        return st.binary(max_size=60)
    if kind.startswith("bytes"):
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    element = kind.rstrip("*").partition("[")[0]
    if element in FIXED:
        count = int(kind.partition("[")[2].rstrip("]") or 0)
        return st.lists(values_of(element), min_size=count, max_size=count or 5).map(tuple)
    return st.lists(message(TABLE.structs[element]), max_size=3)


def message(fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({field.name: values_of(field.type) for field in fields})


LAYOUTS = {
    **{f"{name} request": entry.fields for name, entry in TABLE.requests.items()},
    **{f"{name} reply": entry.reply for name, entry in TABLE.requests.items()},
    **{f"{name} event": event.fields for name, event in TABLE.events.items()},
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data())
def test_every_message_comes_back_as_it_was_packed(layout: str, data: st.DataObject) -> None:
    fields = LAYOUTS[layout]
    values = data.draw(message(fields))
    assert TABLE.unpack(fields, TABLE.pack(fields, values)) == values


@pytest.mark.parametrize("layout", LAYOUTS)
@given(payload=st.binary(max_size=100))
def test_any_payload_is_unpacked_or_refused(layout: str, payload: bytes) -> None:
    try:
        values = TABLE.unpack(LAYOUTS[layout], payload)
    except PayloadError:
        return
    assert set(values) == {field.name for field in LAYOUTS[layout]}


def test_a_payload_too_long_is_refused() -> None:
    with pytest.raises(PayloadError, match="1 bytes too many"):
        TABLE.unpack((Field("a", "u16"),), b"\1\2\3")


def test_wrong_field_names_are_refused() -> None:
    with pytest.raises(PayloadError, match="nonsense"):
        TABLE.pack((Field("a", "u8"),), {"nonsense": 1})


def test_ids_are_unique_and_leave_room_for_replies() -> None:
    requests = [entry.id for entry in TABLE.requests.values()]
    events = [event.id for event in TABLE.events.values()]
    replies = [number | TABLE.reply_bit for number in requests]
    everything = requests + replies + events
    assert len(set(everything)) == len(everything)
    assert max(requests) < TABLE.reply_bit <= min(events)
    assert max(replies) < min(events)


def test_the_vectors_are_those_of_the_table() -> None:
    """After a change of the protocol: `python tests/data/make_link_vectors.py`."""
    spec = importlib.util.spec_from_file_location("vectors", DATA / "make_link_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert (DATA / "link_vectors.txt").read_text() == generator.render()
