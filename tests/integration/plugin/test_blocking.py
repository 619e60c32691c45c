"""One error is one error: what it leaves untried is blocked by it, and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import ANY
from xml.etree import ElementTree

import numpy as np
import pytest
from tflm_hil.report import json_report
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import FlashPart
from tflm_hil.report.render import html, terminal

from tests.integration.plugin.conftest import RunPytest
from tests.support import tiny_models

MakeZoo = Callable[..., Path]

# All the ways in which a test comes to a model of the zoo.
EVERY_PATH = """
import pytest
from tflm_hil.bench.variants import slot_entry

def test_loads(bench, variant): bench.load(slot_entry(variant))
def test_measures(measured): pass
def test_stores(bench, variant): bench.store([slot_entry(variant)])
def test_asks_the_run(hil, bench, variant): hil.measured(variant)
def test_expects_it(bench, variant):
    from tflm_hil.errors import HilError
    with pytest.raises(HilError): bench.load(slot_entry(variant))
def test_needs_no_model(device): assert device.status()
"""


def test_refused_model_is_told_once_and_not_flashed(
    run_pytest: RunPytest, pytester: pytest.Pytester, make_zoo: MakeZoo
) -> None:
    sound = tiny_models.fully_connected(np.ones((4, 4), np.float32))
    zoo = make_zoo({"refused": tiny_models.with_operator("WHERE"), "sound": sound})
    result = run_pytest(EVERY_PATH, "--hil-zoo", str(zoo), "-rs", "--junitxml=junit.xml")
    # test_expects_it fails for the sound one
    assert result.parseoutcomes() == {"passed": 6, "failed": 1, "errors": 1, "blocked": 3}
    assert result.ret == pytest.ExitCode.TESTS_FAILED

    (path,) = pytester.path.glob("reports/*/report.json")
    run = json_report.read(path)
    assert [variant.verdict for variant in run.variants] == [Verdict.ERROR, Verdict.NONE]
    (blocked,) = run.blocked
    assert (blocked.tests, blocked.error) == (3, run.variants[0].error)
    assert run.tests.blocked == 3
    models = [item for item in run.flash if item.what is FlashPart.MODELS]
    assert len(models) <= 1, "the sound one, where the board did not hold it"

    table = (path.parent / "zoo.md").read_text("utf-8")
    for text in (result.stdout.str(), table, html.render(run), terminal.render(run)):
        assert "3 further tests blocked by it" in text
        assert "3 tests blocked" in text
    shown = [line for line in result.outlines if "UnsupportedModel: " in line]
    assert len(shown) == 3, "pytest's own section, the report's, and its list of tests"

    cases = list(ElementTree.parse(pytester.path / "junit.xml").getroot().iter("testcase"))
    skipped = [case.find("skipped") for case in cases]
    reasons = [item.get("message") or "" for item in skipped if item is not None]
    assert len(reasons) == 3
    assert all(reason.startswith("blocked by UnsupportedModel: not flashed") for reason in reasons)
    assert sum(case.find("error") is not None for case in cases) == 1


def test_model_that_the_board_refuses_is_told_once(
    run_pytest: RunPytest, make_zoo: MakeZoo
) -> None:
    zoo = make_zoo({"refused": tiny_models.with_operator("WHERE")})
    result = run_pytest(EVERY_PATH, "--hil-zoo", str(zoo), "--hil-no-lint", "-k", "not stores")
    assert result.parseoutcomes() == {
        "passed": 2,
        "errors": 1,
        "blocked": 2,
        "deselected": 1,
    }
    assert "is not part of the builtin engine" in result.stdout.str()


THREE = """
def test_first(device): pass
def test_second(measured): pass
def test_third(hil): pass
"""


def test_board_that_is_not_there(run_pytest: RunPytest) -> None:
    result = run_pytest(THREE, "-k", "first or digits_lstm or third", board="nucleo-f746zg")
    outcomes = result.parseoutcomes()
    assert outcomes["errors"] == 1
    assert outcomes["blocked"] == 4
    assert outcomes["passed"] == 1, "it asks for no board"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    run = json_report.read(next(Path().glob("reports/*/report.json")))
    assert {variant.verdict for variant in run.variants} == {Verdict.BLOCKED}
    assert run.verdict is Verdict.ERROR
    assert result.stdout.str().count("→ connect the board") == 1


def test_firmware_that_cannot_be_built(
    run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    source = THREE.replace("measured", "bench, device")
    assert run_pytest(source).parseoutcomes() == {"passed": 1, "errors": 1, "blocked": 1}


def test_run_that_cannot_begin(run_pytest: RunPytest) -> None:
    Path("reports").write_text("a file")
    source = THREE.replace("measured", "bench")
    result = run_pytest(source)
    assert result.parseoutcomes() == {"errors": 1, "blocked": 2}
    assert result.stdout.str().count("--hil-report-dir") == 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_disk_that_fills_up_in_mid_run(run_pytest: RunPytest) -> None:
    """The journal has no room, then the report: what is known is shown, and the run fails."""
    source = """
    from pathlib import Path

    def test_first(hil, device):
        hil.journal._file = Path("/dev/full").open("ab")
        (hil.directory / "report.json").mkdir()

    def test_second(measured): pass
    def test_third(hil, variant): hil.measured(variant)
    """
    result = run_pytest(source, "-k", "first or one_to_one-int8-fused")
    assert result.parseoutcomes() == {"passed": 1, "errors": 1, "blocked": 1, "deselected": ANY}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert "journal.jsonl cannot be read or written: No space left on device" in text
    assert "the run: StorageError: " in text
