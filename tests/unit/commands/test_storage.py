"""Disks that are full, folders that cannot be written, readers that go away: no traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tflm_hil.commands.main import main
from tflm_hil.options import SHIPPED_ZOO
from tflm_hil.paths import IMPORT_ROOT, REPOSITORY

MODEL = SHIPPED_ZOO / "digits_lstm" / "int8-fused.tflite"
SAMPLE = REPOSITORY / "reports" / "sample"
REPORT = Path("REPORT")  # stands for a short one; the sample takes seconds to show
VARIANTS = 8  # of the sample: a page and a table that are larger than any buffer
HIL = [sys.executable, "-m", "tflm_hil.commands.main"]
# root may write where it must not: without these two rights it is as others are
AS_OTHERS = ("setpriv", *(f"--{kind}=-dac_override,-dac_read_search" for kind in
                          ("bounding-set", "inh-caps")))  # fmt: skip


def run(
    words: Sequence[str | Path],
    *,
    stdout: int | None = subprocess.PIPE,
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str, str]:
    """Exit code and what was printed, after a look for tracebacks."""
    done = subprocess.run(
        [*before, *HIL, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={
            **(os.environ if environment is None else environment),
            "PYTHONPATH": str(IMPORT_ROOT),
        },
        check=False,
    )
    out, err = ((text or b"").decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    for text in (out, err):
        assert "Traceback" not in text
        assert "Exception ignored" not in text
    return done.returncode, out, err


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first variants of the sample's report."""
    record = json.loads((SAMPLE / "report.json").read_text(encoding="utf-8"))
    record["variants"] = record["variants"][:VARIANTS]
    folder = tmp_path_factory.mktemp("report")
    (folder / "report.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def with_report(words: Sequence[str | Path], report: Path) -> list[str | Path]:
    return [report if word is REPORT else word for word in words]


@pytest.mark.parametrize("words", [["report", REPORT], ["inspect", MODEL], ["zoo"]], ids=str)
def test_terminal_on_a_full_disk(words: list[str | Path], report: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, err = run(with_report(words, report), stdout=full.fileno())
    assert code == 1
    assert err.startswith("StorageError: ")
    assert "No space left on device" in err
    assert "make room" in err


def test_reader_that_goes_away(report: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code, _, err = run(["report", report, "--details"], stdout=writing)
    os.close(writing)
    assert (code, err) == (1, "")


@pytest.mark.parametrize(
    "words",
    [
        ["report", REPORT, "--html", "/dev/full"],
        ["report", REPORT, "--table", "/dev/full"],
        ["report", REPORT, "--save", "/proc/nowhere"],
        ["report", REPORT, "--save", MODEL],
        ["report", REPORT, "--html", "/nowhere/page.html"],
        ["c-array", MODEL, "-o", "/nowhere/model.cc"],
        ["c-array", MODEL, "-o", "/dev/full"],
    ],
    ids=str,
)
def test_target_that_cannot_be_written(
    words: list[str | Path], report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(word) for word in with_report(words, report)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("StorageError: ")
    assert "→" in err
    assert "cannot be read or written" in err
    assert "None" not in err


def test_inspect_without_home_cache_and_compiler(tmp_path: Path) -> None:
    """It says what it could not ask, and all the rest."""
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("needs setpriv and root")
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    for place in ({"HOME": str(home)}, {"XDG_CACHE_HOME": "/dev/null/cache"}):
        environment = {"PATH": os.environ["PATH"], **place}
        code, out, err = run(["inspect", MODEL], before=AS_OTHERS, environment=environment)
        assert (code, err) == (0, "")
        assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in out
        assert "note: the builtin engine was not asked before flashing" in out


def test_report_folder_that_cannot_be_written(tmp_path: Path) -> None:
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("needs setpriv and root")
    tmp_path.chmod(0o555)
    words: list[str | Path] = ["measure", "digits_lstm-int8-fused", "--hil-report-dir", tmp_path]
    code, _, err = run(words, before=AS_OTHERS)
    tmp_path.chmod(0o755)
    assert code == 1
    assert err.startswith("ConfigurationError: the folder")
    assert "--hil-report-dir" in err


def test_names_need_not_be_utf_8(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xfe.tflite")
    shutil.copy(MODEL, odd)
    code, out, _ = run(["inspect", odd])
    assert code == 0
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in out
    code, out, _ = run(["c-array", odd, "-o", odd.with_suffix(".cc")])
    assert code == 0
    assert odd.with_suffix(".h").is_file()
