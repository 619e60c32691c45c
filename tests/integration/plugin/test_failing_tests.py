"""Tests that fail for reasons of their own are in the report, with all that one needs to go on."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tflm_hil.report import json_report
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import FailingTest, TestOutcome
from tflm_hil.report.render.terminal import render

from tests.integration.plugin.conftest import PLUGIN, RunPytest
from tests.support.forked_session import forked_session

SOURCE = """
import pytest
from tflm_hil.errors import LinkTimeout

def test_right(hil):
    pass

def test_wrong(hil):
    assert 1 == 2, "one is not two"

class TestGroup:
    @pytest.mark.parametrize("name", ["a b", "c"])
    def test_raises(self, hil, name):
        if name == "a b":
            raise RuntimeError("\\n  first words\\nand more")

def test_board(hil):
    raise LinkTimeout("nothing came back", remedy="look at the cable")
"""


def failing(folder: Path) -> tuple[FailingTest, ...]:
    """Of the latest report there."""
    path = max(folder.glob("reports/*/report.json"), key=lambda path: path.stat().st_mtime)
    run = json_report.read(path)
    assert run.verdict is not Verdict.PASS
    assert all(test.command in render(run) for test in run.failing_tests)
    return run.failing_tests


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_each_is_told_with_how_to_run_it_alone(
    run_pytest: RunPytest, pytester: pytest.Pytester, how: tuple[str, ...]
) -> None:
    result = run_pytest(SOURCE, "--hil-sequences", "7", *how, fresh=bool(how))
    result.assert_outcomes(passed=2, failed=2, errors=1)
    tests = {test.name.partition("::")[2]: test for test in failing(pytester.path)}
    assert {name: (test.outcome, test.error) for name, test in tests.items()} == {
        "test_wrong": (TestOutcome.FAILED, "AssertionError: one is not two"),
        "TestGroup::test_raises[a b]": (TestOutcome.FAILED, "RuntimeError:"),
        "test_board": (TestOutcome.ERROR, "LinkTimeout: nothing came back"),
    }
    lines = (pytester.path / "test_inner.py").read_text().splitlines()
    for test in tests.values():
        assert test.file == "test_inner.py"
        assert "def test_" in lines[test.line - 1] or "parametrize" in lines[test.line - 1]
    tail = result.stdout.str().partition("hardware in the loop")[2].partition("short test summ")[0]
    assert "test_inner.py::test_wrong failed (test_inner.py:7)" in tail
    command = shlex.split(tests["TestGroup::test_raises[a b]"].command)
    assert command[:3] == ["pytest", "--hil-board", "nucleo-f746zg-emulated"]
    assert command[3:5] == ["--hil-sequences", "7"]
    alone = forked_session([*PLUGIN, *command[1:]], pytester.path)
    alone.assert_outcomes(failed=1)


def test_a_file_that_cannot_be_imported_is_one(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_good="def test_it(hil): pass")
    run_pytest("import not_there", "--continue-on-collection-errors")
    (test,) = failing(pytester.path)
    assert (test.outcome, test.file) == (TestOutcome.ERROR, "test_inner.py")
    assert test.name == "test_inner.py"
