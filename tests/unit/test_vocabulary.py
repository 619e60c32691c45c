"""One table of every name: complete, and in the order of the ladder."""

from typing import Any

from tflm_hil.report.judgement import Rung
from tflm_hil.vocabulary import (
    ELEMENTS,
    FRAMEWORKS,
    MEASURES,
    RUNG_MEASURES,
    RUNGS,
    ElementType,
    Measure,
    Precision,
    RungName,
    Unit,
)


def test_every_rung_has_its_facts_in_the_order_of_the_ladder() -> None:
    assert list(RUNGS) == list(RungName) == ["cells", "keras", "tflite", "tflm", "device"]
    first, *others = RUNGS.values()
    assert (first.can_differ, first.step) == ("", "")
    assert all(facts.can_differ and facts.step for facts in others)
    assert len({facts.title for facts in RUNGS.values()}) == len(RUNGS)


def test_all_but_the_device_are_references() -> None:
    assert (*FRAMEWORKS, RungName.DEVICE) == tuple(RungName)


def test_every_measure_has_a_unit_and_a_title() -> None:
    assert set(MEASURES) == set(Measure)
    assert all(facts.title and facts.unit in Unit for facts in MEASURES.values())


def test_a_rung_has_every_measure_that_a_manifest_may_limit() -> None:
    values: dict[str, Any] = {measure.value: 1 for measure in RUNG_MEASURES}
    rung = Rung(RungName.DEVICE, **values)
    assert {rung.measured(measure) for measure in RUNG_MEASURES} == {1.0}


def test_every_precision_has_the_type_of_its_ends() -> None:
    assert list(ELEMENTS) == list(Precision)
    assert set(ELEMENTS.values()) <= set(ElementType)
