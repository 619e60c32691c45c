"""A report of schema 1, written before there were facts for everything, is still shown."""

import json
from pathlib import Path

import jsonschema
import pytest
from tflm_hil.report import json_report
from tflm_hil.report.codec import to_plain
from tflm_hil.report.json_schema import report_schema
from tflm_hil.report.judgement import Scope, Verdict
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render import html, markdown
from tflm_hil.report.render.terminal import render
from tflm_hil.vocabulary import Measure, RungName

# Cut from the sample of that time: four variants, a fifth spoilt by hand, and two incidents.
OLD = Path(__file__).parents[2] / "data" / "reports" / "version-1.json"
PLAIN = json.loads(OLD.read_text("utf-8"))


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return json_report.read(OLD)


def test_every_number_is_taken_over(run: RunRecord) -> None:
    assert [variant.id for variant in run.variants] == [item["id"] for item in PLAIN["variants"]]
    for variant, old in zip(run.variants, PLAIN["variants"], strict=True):
        assert variant.verdict == old["verdict"]
        assert variant.cycles is not None
        assert to_plain(variant.cycles) == old["cycles"]
        figures = {
            # the share was called by the name of the difference
            item["name"].replace("forced.max_abs", "forced.max_share"): (
                item["value"],
                item["verdict"],
            )
            for item in old["measurements"]
        }
        assert {m.name: (m.value, m.verdict) for m in variant.measurements} == figures
        for rung, known in zip(variant.rungs, old["rungs"], strict=True):
            assert (rung.name, rung.max_abs) == (known["name"], known["max_abs"])
            histogram = known["lsb_histogram"]
            assert to_plain(rung.lsb_histogram) == histogram


def test_what_a_number_is_of_is_read_from_its_name(run: RunRecord) -> None:
    step = next(variant for variant in run.variants if variant.id == "sine_gru-int8-step")
    kinds = {(item.scope, item.measure) for item in step.measurements if item.limit is not None}
    assert (Scope.STATE, Measure.DIFFERING) in kinds
    assert (Scope.LONG_RUN, Measure.DIFFERING) in kinds
    assert (Scope.FORCED, Measure.DIFFERING) in kinds


def test_sentences_are_shown_as_they_were(run: RunRecord) -> None:
    text = " ".join(render(run, with_details=True).split())
    for old in PLAIN["variants"]:
        for line in old["drift"]:
            assert " ".join(line.split()) in text
    spoilt = run.variants[-1]
    assert spoilt.verdict is Verdict.FAIL
    assert spoilt.entered is RungName.DEVICE
    assert "FAILED: The error enters between desktop TFLM and the device: the largest" in text
    assert "Sequence 17: TANH computes differently" in text
    assert "device.accuracy on 40 of 360 sequences" in text


def test_registers_are_fields_and_told_as_they_were(run: RunRecord) -> None:
    fault = run.incidents[0].error.fault
    assert fault is not None
    assert (fault.pc.address, fault.pc.source) == (0x0800117A, "hil::SelfTest  self_test.cc:41")
    assert fault.registers == tuple(range(0x10, 0x1D))
    assert (fault.sp, fault.bfar, fault.request_number) == (0x20003D30, 0x30000000, 5)
    text = render(run)
    assert "pc 0x0800117a  hil::SelfTest  self_test.cc:41" in text
    assert "core was asleep in WFI" in text
    assert "→ the board was reset over its probe and answers again" in text


def test_documents_are_made_of_it_and_it_is_written_in_the_schema_of_today(
    run: RunRecord, tmp_path: Path
) -> None:
    drifting = sum(bool(item["drift"]) for item in PLAIN["variants"])
    assert f"drift of {drifting} variants" in markdown.render(run)
    assert "digits_lstm-int8-spoilt" in html.render(run)
    json_report.write(run, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    jsonschema.validate(written, report_schema())
    assert json_report.read(tmp_path) == run
