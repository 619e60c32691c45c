from dataclasses import replace

from tflm_hil.report.judgement import Rung
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render.details import histogram
from tflm_hil.report.render.terminal import render
from tflm_hil.vocabulary import RungName

from tests.unit.report import synthetic


def quiet_run() -> RunRecord:
    """The made-up run without its drifting variant and what else is remarkable."""
    run = synthetic.run()
    return replace(run, variants=run.variants[:4], left_out=())


def test_details_hold_spread_line_and_every_rung() -> None:
    text = render(quiet_run(), with_details=True)
    cycles = next(line for line in text.splitlines() if "122,000" in line)
    for figure in ("122,000", "123,253", "124,492", "124,513", "360"):
        assert figure in cycles
    assert "cycles of one Invoke (modelled)" in text
    line = [row for row in text.splitlines() if "digits_lstm-int8-unrolled" in row][1]
    assert line.split()[-2:] == ["2", "1"], "repeated, damaged"
    rung = [row for row in text.splitlines() if "TFLM against TFLite" in row][1]
    assert rung.split()[-4:] == ["300", "0:3,300", "1:299", ">3:1"]
    assert "…" not in text, "nothing is cut"
    assert max(map(len, text.splitlines())) <= 120


def test_details_are_left_out_unless_asked_for() -> None:
    assert "cycles of one Invoke" not in render(synthetic.run())


def test_variant_that_was_not_measured_is_not_in_the_details() -> None:
    run = replace(synthetic.run(), variants=(synthetic.broken_variant(),))
    assert "cycles of one Invoke" not in render(run, with_details=True)


def test_histogram_lists_small_differences_and_sums_the_rest() -> None:
    assert histogram(Rung(RungName.DEVICE, lsb_histogram={0: 3412, 1: 188, 5: 3, 9: 1})) == (
        "0:3,412 1:188 >3:4"
    )
    assert histogram(Rung(RungName.DEVICE)) == ""


def test_drift_is_told_of_variants_that_put_out_every_step() -> None:
    run = synthetic.run()
    line = "The device against desktop TFLM: no difference in 1000 steps."
    equal = replace(
        synthetic.DIVERGING,
        name=RungName.DEVICE,
        against=RungName.TFLM,
        steps=1000,
        first_differing_step=None,
    )
    drifting = replace(run.variants[0], drift=(equal,))
    text = render(replace(run, variants=(drifting, *run.variants[1:])), with_details=True)
    assert "drift over the steps of a sequence" in text
    assert f"{drifting.id}\n  {line}\n" in text
    narrow = render(replace(run, variants=(drifting,)), width=60, with_details=True)
    assert "  The device against desktop TFLM: no difference in 1000\n    steps.\n" in narrow
    assert "drift over the steps" not in render(quiet_run(), with_details=True)


def test_what_the_engine_printed_is_told_with_its_variant() -> None:
    run = synthetic.run()
    talking = replace(run.variants[0], messages=("kernel warns: scale is odd",))
    text = render(replace(run, variants=(talking, *run.variants[1:])), with_details=True)
    assert "printed by the engine" in text
    assert f"{talking.id}: kernel warns: scale is odd" in " ".join(text.split())
    assert "printed by the engine" not in render(quiet_run(), with_details=True)
