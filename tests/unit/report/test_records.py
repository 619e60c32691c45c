import math

import pytest
from tflm_hil.report.records import Limit, Measurement, Verdict, worst


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        (0, Limit("<=", 0), Verdict.PASS),
        (1, Limit("<=", 0), Verdict.FAIL),
        (0.97, Limit(">=", 0.97), Verdict.PASS),
        (0.96, Limit(">=", 0.97), Verdict.FAIL),
        (math.nan, Limit("<=", 1), Verdict.FAIL),
        (math.nan, Limit(">=", 1), Verdict.FAIL),
        (5, None, Verdict.NONE),
    ],
)
def test_measurement_judges_itself(value: float, limit: Limit | None, verdict: Verdict) -> None:
    assert Measurement("name", value, "unit", limit).verdict is verdict


def test_worst_verdict_of_a_group() -> None:
    assert worst([Verdict.PASS, Verdict.FAIL, Verdict.ERROR]) is Verdict.ERROR
    assert worst([Verdict.PASS, Verdict.FAIL]) is Verdict.FAIL
    assert worst([Verdict.NONE, Verdict.PASS]) is Verdict.PASS
    assert worst([]) is Verdict.NONE
