"""Remedies come from the table of rules, and none names what a rule blocks."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.models.convert.obstacles import (
    CHANGEABLE,
    RULES,
    WAYS,
    Change,
    Layer,
    Obstacle,
    ObstacleKind,
    Way,
    obstacles,
    open_ways,
    plan,
)
from tflm_hil.models.convert.refusal_words import WORDS, remedy, what
from tflm_hil.vocabulary import ExportKind, Precision

KINDS = ("LSTM", "GRU", "Dense", "Masking", "RepeatVector", "Bidirectional", "Embedding",
         "ConvLSTM2D")  # fmt: skip
LAYERS = st.lists(
    st.builds(
        Layer,
        name=st.sampled_from("abcdef"),
        kind=st.sampled_from(KINDS),
        recurrent=st.booleans(),
        return_sequences=st.booleans(),
        reset_after=st.booleans(),
        mask_zero=st.booleans(),
        fake_quantised=st.sampled_from([False] * 5 + [True]),
        keras_quantised=st.sampled_from([False] * 5 + [True]),
    ),
    max_size=5,
)
OWN_REFUSALS = st.none() | st.tuples(
    st.sampled_from(ExportKind), st.sampled_from(["", "do without it"])
)
NAMED = re.compile(r"(?:--to (\w+) )?--export ((?:\w+, )*\w+(?: or \w+)?)")


def found_in(layers: list[Layer], own: tuple[ExportKind, str] | None) -> list[Obstacle]:
    """What the rules find, and what an export itself says."""
    found = list(obstacles(layers))
    if own is not None:
        export, fix = own
        blocks = frozenset((export, dtype) for dtype in Precision)
        found.append(Obstacle(ObstacleKind.STRUCTURE, (), blocks, "no form of it", fix))
    return found


def named(text: str, dtype: Precision) -> set[Way]:
    """Every way that a remedy names."""
    return {
        (ExportKind(export), Precision(to or dtype))
        for to, exports in NAMED.findall(text)
        for export in re.findall(r"\w+", exports)
        if export != "or"
    }


@given(LAYERS, OWN_REFUSALS, st.sets(st.sampled_from(ExportKind)))
def test_no_remedy_names_what_is_blocked(
    layers: list[Layer],
    own: tuple[ExportKind, str] | None,
    buildable: AbstractSet[ExportKind],
) -> None:
    found = found_in(layers, own)
    free = {way for way in open_ways(found) if way[0] in buildable}
    for asked in WAYS:
        if not any(asked in obstacle.blocks for obstacle in found):
            continue
        ways, change = plan(found, asked, lambda way: way[0] in buildable)
        assert asked not in ways
        assert set(ways) <= free
        assert bool(ways) == bool(free - {asked})
        if any(dtype == asked[1] for _, dtype in free):
            assert {dtype for _, dtype in ways} == {asked[1]}
        allowed = set(ways)
        if change is not None:
            rest = [obstacle for obstacle in found if obstacle not in change.obstacles]
            assert change.way in open_ways(rest)
            assert all(obstacle.can_be_changed for obstacle in change.obstacles)
            own_words = any(item.kind == "structure" for item in change.obstacles)
            assert own_words or change.way[0] in buildable
            allowed.add(change.way)
        text = remedy(asked, ways, change)
        assert named(text, asked[1]) <= allowed
        assert text


@given(LAYERS)
def test_every_finding_is_said_and_every_layer_named(layers: list[Layer]) -> None:
    found = obstacles(layers)
    text = what(found)
    for rule in RULES:
        for layer in layers:
            if rule.applies(layer):
                assert re.search(rf"\blayers? (\w+, )*{layer.name}\b", text)
    for obstacle in found:
        assert Obstacle.from_record(obstacle.record) == obstacle


@pytest.mark.parametrize("kind", [kind for kind in ObstacleKind if kind != "structure"])
def test_words_fit_the_table(kind: ObstacleKind) -> None:
    """What can be changed is said, and no word recommends an export: the table does."""
    one, several, fix = WORDS[kind]
    assert (kind in CHANGEABLE) == bool(fix)
    assert "--export" not in one + several + fix
    assert kind in {rule.kind for rule in RULES}


def test_where_nothing_works_in_a_type_it_is_said_and_what_does() -> None:
    """A GRU with a skip connection: no export takes it in int16x8, and none sends to another."""
    found = list(obstacles([Layer("gru", "GRU", recurrent=True, reset_after=True)]))

    def builds(way: Way) -> bool:
        return way[0] in (ExportKind.SHIFT, ExportKind.UNROLLED)

    wide = Precision.INT16X8
    texts = {
        export: remedy((export, wide), *plan(found, (export, wide), builds))
        for export in ExportKind
    }
    assert len(set(texts.values())) == 2  # for the unrolled one, the change alone is enough
    for text in texts.values():
        assert "no export takes this model in int16x8 as it is" in text
        assert "--to int8 --export shift or unrolled" in text
        assert "train with reset_after=False" in text


@pytest.mark.parametrize(("kind", "loops"), [("ConvLSTM1D", True), ("ConvLSTM2D", False)])
def test_a_sequence_of_images_has_too_many_dimensions_for_the_loop(kind: str, loops: bool) -> None:
    ways = open_ways(obstacles([Layer("images", kind, recurrent=True)]))
    assert ((ExportKind.LOOP, Precision.FLOAT32) in ways) is loops


def test_a_change_survives_its_record() -> None:
    found = obstacles([Layer("mask", "Masking")])
    change = Change((ExportKind.STEP, Precision.INT8), found)
    assert Change.from_record(change.record) == change
