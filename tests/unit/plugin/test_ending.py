from dataclasses import replace

import pytest
from tflm_hil.plugin.ending import exit_status
from tflm_hil.report.judgement import Verdict

from tests.unit.report import synthetic


@pytest.mark.parametrize(
    ("verdict", "of_the_tests", "status"),
    [
        (Verdict.PASS, 0, 0),
        (Verdict.FAIL, 0, 1),
        (Verdict.ERROR, 0, 1),
        (Verdict.NONE, 0, 5),
        (Verdict.NONE, 2, 2),
        (Verdict.PASS, 1, 1),
    ],
)
def test_exit_status_is_that_of_the_worse(verdict: Verdict, of_the_tests: int, status: int) -> None:
    run = replace(synthetic.run(), verdict=verdict, variants=())
    assert exit_status(run, of_the_tests) == status


def test_variants_without_limits_are_no_failure() -> None:
    run = replace(synthetic.run(), verdict=Verdict.NONE)
    assert exit_status(run, 0) == 0
