"""The plugin as a user meets it when all goes well, or when the run is cut off."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from tflm_hil.paths import REPOSITORY
from tflm_hil.report import json_report
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.report.resumption import Interruption
from tflm_hil.vocabulary import Measure, RungName

from tests.integration.plugin.conftest import BOARD, CACHE_HOME, PLUGIN, RunPytest
from tests.support.edited_firmware import Edit, edited_firmware
from tests.support.model_folder import write_model_folder


def reports(directory: Path) -> list[Path]:
    return sorted(directory.glob("reports/*/report.json"))


def test_without_a_board_tests_are_skipped_with_one_line(run_pytest: RunPytest) -> None:
    source = """
    def test_device(device): pass
    def test_other(bench): pass
    def test_variant(measured): pass
    def test_free(): pass
    """
    result = run_pytest(source, "-rs", board=None)
    result.assert_outcomes(passed=1, skipped=3)
    lines = [line for line in result.outlines if "needs a board" in line]
    assert 1 <= len(lines) <= 2
    assert "pytest --board NAME" in lines[0]


def test_a_test_may_be_for_some_variants_only(run_pytest: RunPytest) -> None:
    source = """
    import pytest

    @pytest.mark.hil_where(holds=lambda variant: variant.export == "fused")
    def test_some(variant): pass

    @pytest.mark.hil_where(holds=lambda variant: False)
    def test_none(variant): pass

    def test_all(variant): pass
    """
    result = run_pytest(source, "--collect-only", "-q", "-k", "sine_lstm or test_none")
    collected = [line for line in result.outlines if "::" in line]
    some = [line for line in collected if "::test_some[" in line]
    assert some
    assert all("fused" in line for line in some)
    assert len([line for line in collected if "::test_all[" in line]) > len(some)


def test_a_part_of_the_zoo_is_taken_on_request_only(run_pytest: RunPytest) -> None:
    """A test that is for some variants gets those that cover all of these."""
    source = """
    import pytest

    def test_all(variant): pass

    @pytest.mark.hil_where(holds=lambda variant: variant.model.startswith("recall"))
    def test_some(variant): pass
    """
    whole, part = (
        {line.partition("::")[2] for line in result.outlines if "::" in line}
        for result in (
            run_pytest(source, "--collect-only", "-q"),
            run_pytest(source, "--collect-only", "-q", "--hil-covering"),
        )
    )
    assert part < whole
    assert (
        sum("test_all[" in test for test in part) < sum("test_all[" in test for test in whole) / 2
    )
    assert "test_all[recall_lstm-int8-step]" not in part, "a smaller one has all of it"
    assert "test_some[recall_lstm-int8-step]" in part


OWN_NAMES = """
import pytest

@pytest.fixture
def variant(): return 7

@pytest.fixture
def hil(): return 1

@pytest.fixture
def bench(): return 2

@pytest.fixture
def device(bench): return bench + 1

@pytest.fixture
def measured(hil, device): return hil + device

def test_it(variant): assert variant == 7

@pytest.mark.parametrize("variant", ["a", "b"])
def test_other(variant): assert variant in "ab"

def test_all_of_them(hil, bench, device, measured):
    assert (hil, bench, device, measured) == (1, 2, 3, 4)

@pytest.mark.parametrize("hil, bench", [(5, 6)])
def test_parameters(hil, bench, device): assert (hil, device) == (5, 7)
"""


@pytest.mark.parametrize("board", [None, BOARD])
def test_what_a_test_brings_hides_ours(run_pytest: RunPytest, board: str | None) -> None:
    """Fixtures and parameters of the same names; no board is needed for them, nor touched."""
    run_pytest(OWN_NAMES, board=board).assert_outcomes(passed=5)
    assert not reports(Path())


def test_ours_go_on_beside_a_fixture_of_the_same_name(run_pytest: RunPytest) -> None:
    source = """
    import pytest

    @pytest.fixture
    def hil(): return 1

    @pytest.fixture
    def variant(): return 7

    def test_both(hil, device): assert hil == 1 and device.hello().build_id
    def test_measures_what_is_none(measured): pass
    """
    result = run_pytest(source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["ConfigurationError: the test's own `variant` is int*"])


def test_an_option_board_of_a_conftest_stays_its_own(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--board", default="")
        """
    )
    source = """
    def test_own(request): assert request.config.getoption("--board") == "theirs"
    def test_ours(hil): pass
    """
    result = run_pytest(source, "-rs", board="theirs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*needs a board: pytest --hil-board NAME*"])
    result = run_pytest(source, "--hil-board", "elsewhere", board="theirs")
    result.stderr.fnmatch_lines(["ERROR: UnknownBoard: no board is called 'elsewhere'"])


def test_help_and_collection_import_nothing_heavy(run_pytest: RunPytest) -> None:
    """The list is printed by a plugin of this test at the very end."""
    source = """
    def test_variant(measured): pass
    """
    code = """
import sys
def pytest_unconfigure():
    heavy = {"tensorflow", "keras", "tf_keras", "tflite_micro", "pyocd", "unicorn"}
    print("heavy:", sorted(heavy & set(sys.modules)))
"""
    Path("spy.py").write_text(code)
    for arguments in (("--help",), ("--collect-only", "-q")):
        result = run_pytest(source, "-p", "spy", *arguments, fresh=True)
        assert result.ret == 0
        result.stdout.fnmatch_lines(["heavy: []*"])
    assert not reports(Path()), "collecting is not a run"


def test_measured_variant_is_in_every_report(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    source = """
    def test_it(measured, record_property):
        record_property("cycles p50", measured.cycles.streamed.p50)
        assert measured.sequences == 5
    def test_again(measured): pass
    """
    result = run_pytest(
        source, "-k", "digits_lstm-int8-fused", "--hil-sequences", "5", "--junitxml=junit.xml"
    )
    result.assert_outcomes(passed=2)
    text = result.stdout.str()
    assert text.count("streamed 5/5 sequences") == 1, "two tests share one measurement"
    assert "int8-fused" in text

    (path,) = reports(pytester.path)
    plain = json.loads(path.read_text())
    jsonschema.validate(plain, json.loads(json_report.SCHEMA_PATH.read_text()))
    run = json_report.read(path)
    assert run.verdict is Verdict.PASS
    assert run.complete
    assert run.tests.passed == 2
    assert [variant.id for variant in run.variants] == ["digits_lstm-int8-fused"]
    assert run.circumstances is not None
    assert run.circumstances.clock.modelled
    assert all(m.modelled for m in run.variants[0].measurements if m.unit == "cycles")
    set_aside = {m.name for m in run.variants[0].measurements if m.not_judged}
    assert set_aside == {"keras.accuracy", "tflite.argmax_agreement", "device.accuracy"}
    assert "not judged: digits_lstm-int8-fused: keras.accuracy" in text
    assert "on 5 of 360 sequences" in text
    table = (path.parent / "zoo.md").read_text("utf-8")
    assert "| digits_lstm | int8-fused | PASS | 100 |" in table

    suite = ElementTree.parse(pytester.path / "junit.xml").getroot()
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["cycles p50"] == str(run.variants[0].cycles.streamed.p50)  # type: ignore[union-attr]


def test_variant_without_samples_is_skipped_and_listed(
    run_pytest: RunPytest, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """Two models, the samples of one not made: it is nobody's error, and the report names it."""
    zoo = tmp_path / "zoo"
    shutil.copytree(REPOSITORY / "fixtures/models/digits_lstm", zoo / "digits_lstm")
    shutil.copy(REPOSITORY / "fixtures/models/digits_samples.npz", zoo)
    manifest = write_model_folder(zoo / "tiny")
    (zoo / "tiny" / "samples.npz").unlink()
    made = 'made_by = "python -m somewhere tiny"\ninputs ='
    text = re.sub(r'sha256 = ".*"\ninputs =', made, manifest.read_text())
    manifest.write_text(text)

    source = "def test_it(measured): pass"
    result = run_pytest(
        source, "-rs", "-k", "tiny or int8-fused", "--hil-zoo", str(zoo), "--hil-sequences", "3"
    )
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["SKIPPED*python -m somewhere tiny*"])
    (path,) = reports(pytester.path)
    run = json_report.read(path)
    assert run.verdict is Verdict.PASS
    assert [variant.id for variant in run.variants] == ["digits_lstm-int8-fused"]
    assert run.variants[0].samples_sha256
    ((left_out, reason),) = [(item.id, item.reason) for item in run.left_out]
    assert left_out == "tiny-float32-loop"
    assert "python -m somewhere tiny" in reason


def test_session_that_measured_nothing_does_not_pass(run_pytest: RunPytest) -> None:
    """A test that asks for the run but never for its board: nothing was learned of any model."""
    result = run_pytest("def test_it(hil): assert hil.directory.is_dir()")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["NOTHING MEASURED*"])
    assert json_report.read(reports(Path())[0]).verdict is Verdict.NONE


def test_names_choose_entries_and_quiet_gives_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text("def test_it(measured): pass")
    command = [
        sys.executable,
        "-m",
        "tflm_hil.commands.main",
        "run",
        "test_inner.py",
        "-q",
        "digits_gru",
    ]
    command += ["--board", BOARD, "--hil-sequences", "3", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(CACHE_HOME)}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (line,) = (row for row in result.stdout.splitlines() if row.startswith("digits_gru "))
    assert line.split()[:3] == ["digits_gru", "PASS", "2"]
    assert "PASS · 2 variants of 1 entry · 2 passed" in result.stdout


def test_error_in_the_call_is_an_error_in_junit(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    source = """
    from tflm_hil.errors import LinkTimeout
    def test_it(bench):
        raise LinkTimeout("nothing came back", remedy="look at the cable")
    """
    result = run_pytest(source, "--junitxml=junit.xml")
    result.assert_outcomes(errors=1)
    case = next(ElementTree.parse(pytester.path / "junit.xml").getroot().iter("testcase"))
    assert case.find("failure") is None
    error = case.find("error")
    assert error is not None
    assert "nothing came back" in (error.text or "")


def test_wrong_kernel_on_the_board_fails_the_run_at_the_device(run_pytest: RunPytest) -> None:
    """The whole ladder, with a firmware that really computes something else: a reader is told so,
    and at which rung. Everything else of the suite only ever sees boards that are right."""
    right, wrong = "input_offset = -input.zero_point;", "input_offset = 1 - input.zero_point;"
    elf = edited_firmware(Edit("engine/builtin/kernels/fully_connected.cc", right, wrong)).elf
    source = """
def test_it(measured):
    assert measured.device_rung.differing
    assert str(measured.verdict) == "fail"
"""
    chosen = ("-k", "digits_lstm-int8-fused", "--hil-sequences", "40", "--hil-firmware", str(elf))
    result = run_pytest(source, *chosen)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED, "a verdict fails the run without any test"
    (path,) = reports(Path())
    run = json_report.read(path)
    assert run.verdict is Verdict.FAIL
    (variant,) = run.variants
    assert (variant.verdict, variant.entered) == (Verdict.FAIL, RungName.DEVICE)
    by_name = {rung.name: rung for rung in variant.rungs}
    assert by_name[RungName.DEVICE].max_lsb
    assert variant.failure is not None
    assert variant.failure.check.measure in (Measure.MAX_LSB, Measure.DIFFERING)
    assert "desktop TFLM and the device" in verdict_text(variant)
    result.stdout.fnmatch_lines(["*int8-fused*FAIL*"])


def test_cold_cycles_are_not_taken_for_warm_ones(run_pytest: RunPytest) -> None:
    """The emulated core has no caches, so both last equally long: here with a firmware whose cold
    Invokes last longer, as they do on hardware."""
    right = "    if (!InvokeInto(reply)) return;\n"
    wrong = """
    uint32_t cycles = 0;
    engine::Failure failure;
    if (inference_.Invoke(&cycles, &failure) != engine::Status::kOk) return;
    const bool cold = (request.flags & link::kBenchmarkCold) != 0;
    reply->fields().AddU32(cycles + (cold ? 100000 : 0));
"""
    elf = edited_firmware(Edit("app/measure_commands.cc", right, wrong)).elf
    source = """
def test_it(measured):
    assert measured.cycles.cold.minimum >= measured.cycles.warm.maximum + 90000
"""
    chosen = ("-k", "digits_lstm-int8-fused", "--hil-sequences", "4", "--hil-firmware", str(elf))
    run_pytest(source, *chosen).assert_outcomes(passed=1)


def test_failed_assertion_stays_a_failure(run_pytest: RunPytest) -> None:
    result = run_pytest("def test_it(device): assert device is None")
    result.assert_outcomes(failed=1)
    assert json_report.read(reports(Path())[0]).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("how", "by_pytest", "status", "said"),
    [
        (signal.SIGKILL, False, -signal.SIGKILL, None),
        (signal.SIGINT, False, 130, Interruption.KEYBOARD),
        (signal.SIGTERM, False, 143, Interruption.TERMINATED),
        (signal.SIGTERM, True, pytest.ExitCode.INTERRUPTED, Interruption.TERMINATED),
    ],
)
def test_run_that_was_cut_off_goes_on_where_it_stopped(
    how: signal.Signals, by_pytest: bool, status: int, said: Interruption | None, tmp_path: Path
) -> None:
    """Killed or interrupted in the second of three variants: what had arrived is not measured
    again, be it a whole variant or a part of one."""
    if by_pytest:
        (tmp_path / "test_inner.py").write_text("def test_it(measured): pass")
        command = [sys.executable, "-m", "pytest", *PLUGIN, "--board", BOARD, "-k", "digits_lstm"]
    else:
        command = [sys.executable, "-m", "tflm_hil.commands.main", "demo", "--board", BOARD]
        command.append("digits_lstm")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(CACHE_HOME)}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        # a shell starts what runs in its background with SIGINT ignored, and that is inherited
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while stored(tmp_path) < 400:
        assert process.poll() is None, "it ended before it could be cut off"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(how)
    assert process.wait() == status
    kept = stored(tmp_path)
    cut_off = [json_report.read(path) for path in tmp_path.glob("reports/*/report.json")]
    assert len(cut_off) == (said is not None)
    for run in cut_off:
        assert (run.complete, run.interrupted) == (False, said)
        assert run.circumstances is not None
        assert run.variants, "the first of them was measured"

    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"this run had been cut off; {kept:,} results are from before" in result.stdout
    (path,) = tmp_path.glob("reports/*/report.json")
    run = json_report.read(path)
    assert run.complete
    assert sum(variant.sequences_resumed for variant in run.variants) == kept
    assert run.resumed[0].sequences_kept == kept
    total = sum(variant.sequences for variant in run.variants)
    assert stored(tmp_path) == total, "no result was received twice"


def stored(directory: Path) -> int:
    """Results in the journals of all runs there; a last line that is cut off does not count."""
    return sum(
        line.startswith('{"event":"result"') and line.endswith("\n")
        for path in directory.glob("reports/*/journal.jsonl")
        for line in path.open()
    )


def test_workers_have_a_board_each_and_one_report(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("xdist")
    source = "def test_it(measured): assert measured.sequences == 4"
    arguments = ("-k", "digits_lstm and int8", "--hil-sequences", "4", "-n2", "--dist", "loadgroup")
    result = run_pytest(source, *arguments)
    result.assert_outcomes(passed=2)
    (path,) = pytester.path.glob("reports/*-merged/report.json")
    run = json_report.read(path)
    assert [variant.id for variant in run.variants] == [
        "digits_lstm-int8-fused",
        "digits_lstm-int8-unrolled",
    ]
    assert run.verdict is Verdict.PASS
    assert run.tests.passed == 2
    result.stdout.fnmatch_lines(["*hardware in the loop*", "*int8-fused*PASS*"])
