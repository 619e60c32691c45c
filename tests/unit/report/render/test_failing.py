"""Failing tests, as each output tells them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.report.records import FailingTest, RunRecord, TestOutcome
from tflm_hil.report.render import failing, html, markdown, terminal

from tests.unit.report import synthetic

COMMAND = "pytest --hil-board nucleo-f746zg-emulated 'tests/test_a.py::test_it[x y]'"


def failing_test(number: int = 0, error: str = "assert 1 == 2") -> FailingTest:
    return FailingTest(
        f"tests/test_a.py::test_{number}", TestOutcome.FAILED, "tests/test_a.py", 17, error, COMMAND
    )


def run(count: int = 1) -> RunRecord:
    return replace(
        synthetic.run(), failing_tests=tuple(failing_test(number) for number in range(count))
    )


@pytest.mark.parametrize("render", [terminal.render, html.render, markdown.render])
def test_every_output_has_name_place_error_and_command(render: object) -> None:
    assert callable(render)
    text = render(run())
    for part in ("test_0", "failed", "test_a.py:17", "assert 1 == 2", "--hil-board"):
        assert part in text, part


def test_on_a_terminal_they_are_the_last_before_the_verdict() -> None:
    lines = terminal.render(run()).splitlines()
    at = next(number for number, line in enumerate(lines) if "::test_0" in line)
    rest = [line for line in lines[at + 3 :] if line]
    assert rest[0].startswith("ERROR · ")


def test_ten_are_shown_and_the_others_counted() -> None:
    text = terminal.render(run(13))
    assert "::test_9" in text
    assert "::test_10" not in text
    assert "3 more tests did not pass: `hil report --details` shows each" in text
    assert "::test_12" in terminal.render(run(13), with_details=True)
    assert "::test_12" in markdown.render(run(13))


def test_a_long_line_is_cut_and_none_is_said() -> None:
    assert failing.failing_test(failing_test(error="x" * 999)).count("x") < 310
    assert "no message" in failing.failing_test(failing_test(error=""))
    unknown = replace(failing_test(), line=0)
    assert "(tests/test_a.py)" in failing.failing_test(unknown)
