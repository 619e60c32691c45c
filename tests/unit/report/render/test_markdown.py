from dataclasses import replace
from pathlib import Path

from tflm_hil.report import files
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import ErrorRecord, RunRecord
from tflm_hil.report.render import markdown

from tests.unit.report import synthetic

TEXT = markdown.render(synthetic.run())


def row(*words: str) -> list[str]:
    (line,) = (line for line in TEXT.splitlines() if all(f"| {word} |" in line for word in words))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_variant_is_one_row_with_entry_verdict_rungs_and_costs() -> None:
    assert row("digits_lstm", "int8-unrolled") == [
        *("digits_lstm", "int8-unrolled", "PASS"),
        *("97.2", "96.9", "96.9", "96.9", "0 LSB, 0 of 3,600 differ", "13 LSB TFLM"),
        *("123,253", "15,407", "123,253", "570.6", "8,500", "6,144"),
    ]
    assert row("sine_gru", "int8-step")[3:7] == ["0.2255", "0.2266", "0.2277", "0.2288"]
    assert row("digits_lstm", "int8-fused")[2] == "ERROR"


def test_each_table_says_what_its_figures_are() -> None:
    classification = TEXT.index("## Classification: accuracy on each rung, in %")
    regression = TEXT.index("## Regression: RMSE against the labels")
    assert classification < TEXT.index("| digits_gru |") < regression
    assert regression < TEXT.index("| sine_gru |")


def test_rows_have_as_many_cells_as_their_heading() -> None:
    tables = [line for line in TEXT.replace("\\|", "").splitlines() if line.startswith("| ")]
    wide = [line.count("|") for line in tables if line.count("|") > 3]
    assert len(wide) == 8, "three tables of three, one and one variants"
    assert len(set(wide)) == 1


def test_problems_and_remarks_are_told() -> None:
    assert "digits_gru-int8-unrolled FAILED: The error enters between desktop TFLM" in TEXT
    assert "- left out: 2 variants" in TEXT
    assert "<summary>drift of 1 variant</summary>" in TEXT
    assert "- sine_gru-int8-step: TFLite against Keras: first difference at step 0" in TEXT
    assert "- not judged: sine_gru-int8-step: device.label_rmse on 40 of 371 sequences" in TEXT
    assert "- printed by the engine: sine_gru-int8-step: Input saturates" in TEXT


def test_marks_of_markdown_in_texts_are_escaped() -> None:
    bad = replace(synthetic.broken_variant(), error=ErrorRecord("E", "a|b <c> *d* `e`"))
    text = markdown.render(replace(synthetic.run(), variants=(bad,)))
    assert "a\\|b \\<c> \\*d\\* \\`e\\`" in text


def test_run_without_anything_is_a_document_too() -> None:
    text = markdown.render(RunRecord("id", "2026-11-22T01:15:02+00:00", 0.1, Verdict.NONE, False))
    assert "**NOTHING MEASURED (not complete)**" in text
    assert "##" not in text


def test_a_run_leaves_report_and_table(tmp_path: Path) -> None:
    path = files.leave(synthetic.run(), tmp_path)
    assert path == tmp_path / "report.json"
    assert (tmp_path / "zoo.md").read_text("utf-8") == TEXT
