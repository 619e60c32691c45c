import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tflm_hil.errors import ConfigurationError
from tflm_hil.report import json_report
from tflm_hil.report.codec import from_plain, to_plain
from tflm_hil.report.json_schema import report_schema
from tflm_hil.report.judgement import Limit, Measurement, Verdict
from tflm_hil.report.records import RunRecord
from tflm_hil.vocabulary import Measure, RungName

from tests.unit.report import synthetic

SCHEMA: dict[str, Any] = json.loads(json_report.SCHEMA_PATH.read_text("utf-8"))


def test_report_round_trip_loses_nothing(tmp_path: Path) -> None:
    run = synthetic.run()
    json_report.write(run, tmp_path)
    assert json_report.read(tmp_path) == run
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_variant_is_a_line_of_its_own(tmp_path: Path) -> None:
    lines = json_report.write(synthetic.run(), tmp_path).read_text("utf-8").splitlines()
    (line,) = (row for row in lines if '"id": "digits_lstm-int8-unrolled"' in row)
    assert json.loads(line.strip().rstrip(","))["verdict"] == "pass"


def test_report_follows_the_schema() -> None:
    jsonschema.validate(to_plain(synthetic.run()), SCHEMA)
    bare = RunRecord("id", "2026-11-22T01:15:02+00:00", 0.0, Verdict.NONE, False)
    jsonschema.validate(to_plain(bare), SCHEMA)


def test_schema_refuses_what_no_record_has() -> None:
    plain = to_plain(synthetic.run())
    plain["variants"][0]["verdict"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, SCHEMA)


def test_committed_schema_is_that_of_the_records() -> None:
    assert report_schema() == SCHEMA, "make it again: see tflm_hil/report/json_schema.py"


def test_nan_becomes_null_and_reads_back_as_nan() -> None:
    limit = Limit(RungName.DEVICE, Measure.COSINE, minimum=1)
    plain = to_plain(Measurement(Measure.COSINE, math.nan, RungName.DEVICE, limit=limit))
    assert plain["value"] is None
    assert "NaN" not in json.dumps(plain)
    assert math.isnan(from_plain(Measurement, plain).value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"schema": "tflm-hil/report-9"}', "has the schema 'tflm-hil/report-9'"),
        ("[]", "has the schema None"),
        ('{"schema": "tflm-hil/report-1"}', "does not follow its schema"),
        ('{"schema": "tflm-hil/report-2"}', "does not follow its schema"),
    ],
)
def test_unreadable_report_says_why(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=sentence):
        json_report.read(path)


def test_missing_report_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the report") as caught:
        json_report.read(tmp_path)
    assert "report.json" in caught.value.remedy
