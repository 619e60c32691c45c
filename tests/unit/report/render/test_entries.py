from dataclasses import replace

from tflm_hil.report.judgement import Rung, Verdict
from tflm_hil.report.render.entries import (
    ACCURACY,
    RMSE,
    cycles_per_sequence,
    cycles_per_step,
    entries,
    measure,
    quality,
    rung_names,
    rung_title,
    variant_name,
    widest_rung,
)
from tflm_hil.vocabulary import RungName

from tests.unit.report import synthetic

RUN = synthetic.run()
FIRST, REGRESSION = RUN.variants[0], RUN.variants[-1]


def test_entries_come_in_the_order_of_the_run_with_their_worst_verdict() -> None:
    listed = entries(RUN)
    assert [entry.model for entry in listed] == ["digits_lstm", "digits_gru", "sine_gru"]
    assert [entry.verdict for entry in listed] == [Verdict.ERROR, Verdict.FAIL, Verdict.PASS]
    assert [entry.measure for entry in listed] == [ACCURACY, ACCURACY, RMSE]
    assert listed[2].title == "Next value of a noisy sine, GRU(10)"


def test_rungs_stand_in_the_order_of_the_ladder() -> None:
    names = (RungName.DEVICE, RungName.CELLS, RungName.KERAS)
    odd = replace(FIRST, rungs=tuple(Rung(name) for name in names))
    assert rung_names([odd]) == (RungName.CELLS, RungName.KERAS, RungName.DEVICE)
    assert rung_title(RungName.DEVICE) == "board"


def test_quality_is_accuracy_or_rmse_as_the_labels_are() -> None:
    assert (measure(FIRST), quality(FIRST, "keras")) == (ACCURACY, 0.9722)
    assert (measure(REGRESSION), quality(REGRESSION, "keras")) == (RMSE, 0.2255)
    unlabelled = replace(FIRST, rungs=(Rung(RungName.DEVICE, max_abs=0.0),))
    assert (measure(unlabelled), quality(unlabelled, "device")) == ("", None)
    assert quality(FIRST, "cells") is None


def test_cycles_of_a_step_do_not_depend_on_how_many_an_invoke_takes() -> None:
    assert cycles_per_sequence(FIRST) == 123_253
    assert cycles_per_step(FIRST) == 123_253 / 8
    assert cycles_per_sequence(REGRESSION) == 9 * 11_400 + 19
    assert cycles_per_step(replace(FIRST, time_steps=0)) is None
    assert cycles_per_step(replace(FIRST, cycles=None)) is None


def test_report_of_an_older_version_has_cycles_where_an_invoke_was_a_sequence() -> None:
    assert FIRST.cycles is not None
    old = replace(FIRST, cycles=replace(FIRST.cycles, per_sequence=None))
    assert cycles_per_sequence(old) == 123_253
    assert cycles_per_sequence(replace(old, steps=720)) is None


def test_largest_step_is_that_of_the_widest_rung() -> None:
    widest = widest_rung(RUN.variants[1])
    assert widest is not None
    assert widest.name is RungName.TFLM
    assert widest_rung(synthetic.broken_variant()) is None


def test_name_of_a_variant_is_what_its_entry_does_not_say() -> None:
    assert variant_name(REGRESSION) == "int8-step"
    assert variant_name(replace(REGRESSION, id="other")) == "other"
