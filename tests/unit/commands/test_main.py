import os
import subprocess
import sys
from pathlib import Path

import pytest
from tflm_hil.commands import main as cli
from tflm_hil.paths import REPOSITORY
from tflm_hil.report import json_report

from tests.unit.report import synthetic

pytestmark = pytest.mark.slow  # starts the command, each in a process of its own


def hil(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tflm_hil.commands.main", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )


def test_report_is_shown_again(tmp_path: Path) -> None:
    json_report.write(synthetic.run(), tmp_path / "reports" / "some-run")
    result = hil("report", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "int8-unrolled" in result.stdout
    assert "\x1b" not in result.stdout


def test_html_report_is_written(tmp_path: Path) -> None:
    json_report.write(synthetic.run(), tmp_path / "run")
    assert hil("report", "run", "--html", "out.html", cwd=tmp_path).returncode == 0
    assert "int8-unrolled" in (tmp_path / "out.html").read_text()


def test_table_of_a_kept_run_is_written_again(tmp_path: Path) -> None:
    json_report.write(synthetic.run(), tmp_path / "run")
    assert hil("report", "run", "--table", "zoo.md", cwd=tmp_path).returncode == 0
    assert "| digits_lstm | int8-unrolled | PASS |" in (tmp_path / "zoo.md").read_text()


def test_report_is_saved_to_a_folder(tmp_path: Path) -> None:
    json_report.write(synthetic.run(), tmp_path / "run")
    result = hil("report", "run", "--save", "sample", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    saved = {path.name for path in (tmp_path / "sample").iterdir()}
    assert saved == {"report.json", "zoo.md", "report.html"}
    assert json_report.read(tmp_path / "sample") == synthetic.run()


def test_no_report_is_a_sentence(tmp_path: Path) -> None:
    result = hil("report", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("ConfigurationError: there is no report in")
    assert "→" in result.stderr


def test_unknown_board_is_a_sentence(tmp_path: Path) -> None:
    result = hil("flash", "--board", "nucleo", cwd=tmp_path)
    assert result.returncode == 1
    assert "no board is called 'nucleo'" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_argument_is_refused(tmp_path: Path) -> None:
    assert hil("report", "--colour", cwd=tmp_path).returncode == 2


def test_boards_lists_both_kinds(tmp_path: Path) -> None:
    result = hil("boards", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "nucleo-f746zg-emulated" in result.stdout
    assert "hardware" in result.stdout


def test_zoo_lists_entries_and_the_variants_of_one(tmp_path: Path) -> None:
    listed = hil("zoo", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    (line,) = (row for row in listed.stdout.splitlines() if row.startswith("digits_lstm "))
    assert line.split()[:4] == ["digits_lstm", "classification", "4", "360"]
    assert max(map(len, listed.stdout.splitlines())) <= 120
    variants = hil("zoo", "digits_lstm", cwd=tmp_path)
    assert "digits_lstm-int8-fused" in variants.stdout
    unknown = hil("zoo", "digits", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "there is no entry 'digits'" in unknown.stderr


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("tflm_hil.commands.main", set()),
        ("tflm_hil.pytest_plugin", set()),
        ("tflm_hil.report.files", {"rich", "numpy"}),
        ("tflm_hil.report.render.terminal", {"rich", "numpy"}),
    ],
)
def test_import_is_cheap(module: str, allowed: set[str]) -> None:
    heavy = "tensorflow|keras|tf_keras|pyocd|unicorn|tflite_micro|rich|numpy|serial"
    code = f"""
import sys, {module}
print(" ".join(set("{heavy}".split("|")) & set(sys.modules)))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert set(result.stdout.split()) <= allowed


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for command in ("demo", "measure", "run", "emulate", "boards", "flash", "report", "zoo"):
        assert command in text
