"""The committed sample: it can be read, has all its files, and is of a run that passed."""

from pathlib import Path

import jsonschema
import pytest
from tflm_hil.report import json_report
from tflm_hil.report.codec import to_plain
from tflm_hil.report.json_schema import report_schema
from tflm_hil.report.judgement import Verdict

pytestmark = pytest.mark.slow  # reads a megabyte and renders it

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"


def test_sample_is_a_whole_run() -> None:
    run = json_report.read(SAMPLE)
    jsonschema.validate(to_plain(run), report_schema())
    assert run.complete
    assert run.verdict is Verdict.PASS


def test_table_and_page_have_every_variant_of_the_report() -> None:
    run = json_report.read(SAMPLE)
    table = (SAMPLE / "zoo.md").read_text("utf-8")
    page = (SAMPLE / "report.html").read_text("utf-8")
    for variant in run.variants:
        name = variant.id.removeprefix(f"{variant.model}-")
        assert f"| {variant.model} | {name} | PASS |" in table, variant.id
        assert f'data-text="{variant.id}' in page, variant.id
