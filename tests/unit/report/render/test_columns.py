from dataclasses import replace

from tflm_hil.report.judgement import Rung
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.columns import entry_columns, variant_columns
from tflm_hil.report.render.entries import Entry
from tflm_hil.vocabulary import RungName

from tests.unit.report import synthetic

RUN = synthetic.run()


def of_variant(variant: VariantRecord) -> dict[str, str]:
    return {column.key: column.text(variant) for column in variant_columns(RUN)}


def of_entry(*variants: VariantRecord) -> dict[str, str]:
    entry = Entry(variants[0].model, variants)
    return {column.key: column.text(entry) for column in entry_columns(RUN)}


def with_device(dtype: str, **changes: object) -> VariantRecord:
    variant = synthetic.variant(dtype, "step")
    *others, device = variant.rungs
    return replace(variant, rungs=(*others, replace(device, **changes)))  # type: ignore[arg-type]


def test_variant_without_figures_has_dashes_and_no_zeros() -> None:
    cells = of_variant(replace(synthetic.broken_variant(), file_bytes=6000))
    assert (cells.pop("variant"), cells.pop("verdict"), cells.pop("flash")) == (
        "int8-fused",
        "ERROR",
        "5.9",
    )
    assert set(cells.values()) == {"–"}  # noqa: RUF001 - what tables use for "no value"


def test_nothing_to_attribute_where_no_rung_differs() -> None:
    same = replace(
        synthetic.variant("int8", "step"),
        rungs=(Rung(RungName.TFLM), Rung(RungName.DEVICE, max_abs=0.0)),
    )
    assert of_variant(same)["largest"] == "none"


def test_entry_tells_the_worst_of_its_variants() -> None:
    cells = of_entry(
        with_device("int8", accuracy=0.95, differing=3, max_lsb=1),
        with_device("int8", accuracy=0.93),
        with_device("float32", accuracy=0.97, max_abs=4e-7),
        with_device("float32", accuracy=0.97, max_abs=2e-7),
    )
    assert cells["last"] == "93.0"
    assert cells["first"] == "97.2"
    assert cells["differing"] == "3 of 7,200"
    assert cells["floats"] == "4.0e-7"
    assert cells["variants"] == "4"
    assert cells["cycles_step"] == "15,407"


def test_worst_of_a_regression_is_its_largest_error() -> None:
    variant = synthetic.regression_variant()
    *others, device = variant.rungs
    other = replace(variant, rungs=(*others, replace(device, label_rmse=0.31)))
    assert of_entry(variant, other)["last"] == "0.3100"


def test_entry_counts_what_did_not_pass() -> None:
    cells = of_entry(synthetic.failed_variant(), synthetic.variant("int8", "loop", "digits_gru"))
    assert (cells["verdict"], cells["variants"]) == ("FAIL", "1 of 2")


def test_spread_shows_both_ends() -> None:
    small = replace(synthetic.variant("int8", "step"), arena_bytes=1024)
    cells = of_entry(small, synthetic.variant("int8", "loop"))
    assert cells["arena"] == "1.0 … 8.3"
