"""The page: one file, well-formed, with everything, and safe against what names may hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import ErrorRecord, RunRecord
from tflm_hil.report.render.html import render, write

from tests.unit.report import synthetic

PAGE = render(synthetic.run())
VOID = {"meta", "input", "br"}


class Nesting(HTMLParser):
    """Raises AssertionError at an end tag that closes something else."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rows() -> list[str]:
    return re.findall(r'<tr class="variant".*?</tr>', PAGE)


def texts(row: str) -> list[str]:
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]


def test_page_is_well_formed_and_needs_nothing_beside_it() -> None:
    parser = Nesting()
    parser.feed(PAGE)
    assert parser.open == []
    assert {"link", "img", "iframe"}.isdisjoint(parser.tags)
    assert "http://" not in PAGE
    assert "https://" not in PAGE
    assert "src=" not in PAGE
    assert "<title>tflm-hil: 20261122-011502-nucleo-f746zg-emulated</title>" in PAGE


def test_every_variant_is_a_row_with_numbers_to_sort_by() -> None:
    assert len(rows()) == 5
    row = rows()[1]
    assert texts(row) == [
        *("digits_lstmint8-unrolled", "PASS", "accuracy %"),
        *("97.2", "96.9", "96.9", "96.9", "0 LSB", "13 LSB TFLM"),
        *("123,253", "15,407", "123,253", "570.6", "8.3", "6.0"),
    ]
    values = re.findall(r'data-v="([^"]*)"', row)
    assert values[:4] == ["0.9722", "0.9694", "0.9694", "0.9694"]
    assert values[4:6] == ["0.0", "0.0508"], "by real units, though LSB are shown"
    assert "8500" in values
    assert re.findall(r'data-v="([^"]*)"', rows()[2])[0] == "", "an error has nothing to sort by"


def test_row_unfolds_into_rungs_limits_cycles_and_remarks() -> None:
    detail = PAGE[PAGE.index("Next value of a noisy sine") :]
    for text in (
        "drift: TFLite against Keras: first difference at step 0",
        "the error diverges, doubling every 12 steps",
        "printed by the engine: Input saturates",
        "TFLM against TFLite",
        "device.label_rmse",
        "on 40 of 371 sequences",
        "102,639",
        "arena 8,500 bytes",
    ):
        assert text in detail


def test_problems_and_what_was_left_out_are_told() -> None:
    assert "digits_gru-int8-unrolled FAILED" in PAGE
    assert "pc 0x08003a1c  hil::Lstm  lstm.cc:120" in PAGE
    assert "left out: 2 variants" in PAGE
    assert "HSE 8 MHz (bypass)" in PAGE


def test_what_a_name_or_sentence_holds_is_text() -> None:
    error = ErrorRecord("LinkTimeout", "<script>alert(1)</script> & more")
    bad = replace(synthetic.broken_variant(), error=error, model='a"b<i>', title="<u>")
    page = render(replace(synthetic.run(), variants=(bad,)))
    assert "<u>" not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "a&quot;b&lt;i&gt;" in page


def test_run_without_anything_is_a_page_too(tmp_path: Path) -> None:
    run = RunRecord("id", "2026-11-22T01:15:02+00:00", 0.1, Verdict.NONE, False)
    write(run, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "NOTHING MEASURED (not complete)" in page
    assert "was not reached" in page
    assert "<table" not in page


@pytest.mark.skipif(shutil.which("node") is None, reason="the script is checked with node")
def test_script_is_valid() -> None:
    script = Path(__file__).parents[4] / "harness/tflm_hil/report/render/report.js"
    subprocess.run(["node", "--check", script], check=True)
