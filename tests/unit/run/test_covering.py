"""A part of the zoo is enough if everything that occurs in the whole occurs in it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.options import SHIPPED_ZOO
from tflm_hil.references.keras_config import layer_kinds
from tflm_hil.run.covering import covering


@cache
def zoo() -> list[Variant]:
    return [variant for model in load_zoo(SHIPPED_ZOO) for variant in model.variants]


def shown(variants: list[Variant]) -> set[tuple[str, str, str]]:
    return {
        (kind, variant.export, variant.dtype)
        for variant in variants
        if variant.keras is not None and not variant.left_out
        for kind in layer_kinds(variant.keras.path)
    }


def test_every_layer_export_and_type_is_in_it() -> None:
    assert shown(covering(zoo())) == shown(zoo())


@pytest.mark.skipif(
    any(variant.left_out for variant in zoo()), reason="the large models' samples are not here"
)
def test_it_is_the_smaller_half() -> None:
    chosen = covering(zoo())
    assert len(chosen) < len(zoo()) / 2
    bytes_in = sum(variant.size_bytes for variant in chosen)
    assert bytes_in < sum(variant.size_bytes for variant in zoo()) / 2


def test_each_cell_is_told_from_the_others() -> None:
    kinds = {variant.model: layer_kinds(variant.keras.path) for variant in zoo() if variant.keras}
    assert kinds["elman"] != kinds["jordan"]
    assert kinds["toy_gru"] != kinds["toy_gru_reset_before"]
    assert kinds["toy_simple_rnn"] != kinds["toy_hard_limiter"], "another activation"
    assert kinds["stateful_lstm"] != kinds["stacked_lstm"]
    assert kinds["toy_lstm"] < kinds["stacked_lstm"], "a head more"
    assert kinds["vibration_lstm"] == kinds["stacked_lstm"], "a dropout more"


def test_none_is_superfluous_in_its_own_covering() -> None:
    chosen = covering(zoo())
    assert covering(chosen) == chosen
    everything = shown(chosen)
    can_run = [variant for variant in chosen if variant.keras and not variant.left_out]
    for variant in can_run:
        assert shown([item for item in chosen if item is not variant]) < everything, variant.id


def test_the_smaller_of_two_that_show_the_same_unless_the_other_runs_anyway() -> None:
    pair = [v for v in zoo() if v.name == "int8-step" and v.model in ("toy_lstm", "recall_lstm")]
    large, small = pair
    same = [replace(small, id="small"), replace(small, id="large", size_bytes=large.size_bytes)]
    assert [item.id for item in covering(same)] == ["small"]
    assert [item.id for item in covering(same, first=[same[1]])] == ["large"]


def test_the_order_stays_and_so_does_what_shows_something_of_its_own() -> None:
    chosen = covering(zoo())
    assert chosen == [variant for variant in zoo() if variant in chosen]
    steps = [variant for variant in zoo() if variant.export == "step"]
    assert shown(covering(steps, first=chosen)) == shown(steps)


def test_models_without_keras_show_themselves() -> None:
    alone = [replace(variant, keras=None) for variant in zoo() if variant.model == "toy_gru"]
    other = [replace(item, model="other", id=f"other-{item.name}") for item in alone]
    assert covering([*alone, *other]) == [*alone, *other]
