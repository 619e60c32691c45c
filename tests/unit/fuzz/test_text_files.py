"""Every reader of text files of ours, fed with damaged ones: typed errors, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tflm_hil.boards.spec import Overrides, board_files, load_spec
from tflm_hil.commands.main import main
from tflm_hil.errors import ConfigurationError
from tflm_hil.models.zoo.manifest import load_zoo
from tflm_hil.paths import REPOSITORY
from tflm_hil.report import json_report
from tflm_hil.report.cut_off import plan_for
from tflm_hil.report.journal import JOURNAL_NAME, Journal, RunScope, StoredResult

from tests.support.fuzzing import Tally, count
from tests.support.model_folder import write_model_folder
from tests.support.text_mutations import COUNT, mutations
from tests.unit.report import synthetic

SCOPE = RunScope("board")
REPORTS = count(30)  # each is shown in every form

Read = Callable[[bytes], object]


def attempt(
    label: str, read: Read, original: bytes, *words: bytes, seed: int, count: int = COUNT
) -> Tally:
    """Read damaged copies. Whatever is no HilError is a fault of the reader."""
    read(original)
    tally = Tally(label)
    for number, content in enumerate(mutations(original, seed=seed, count=count, words=words)):
        tally.tried(partial(read, content), f"number {number}: {content[:200]!r}")
    tally.check()
    return tally


def test_manifests(tmp_path: Path) -> None:
    manifest = write_model_folder(tmp_path / "zoo" / "tiny")
    original = manifest.read_bytes()
    words = (b'"samples.npz"', b'["inputs", "labels"]', b'"int8/float32"', b"[[variant]]\n")

    def read(content: bytes) -> None:
        manifest.write_bytes(content)
        load_zoo(tmp_path / "zoo")

    tally = attempt("TOML, manifests", read, original, *words, seed=1)
    assert tally.refused > tally.read > 0


def test_bench_files(tmp_path: Path) -> None:
    bench = tmp_path / "hil.toml"
    original = (
        b'[boards.nucleo-f746zg]\nprobe.uid = "066E"\nserial.tty = "/dev/ttyACM0"\n'
        b'serial.baud = 921600\n[boards.bench-2]\nbase = "nucleo-f746zg"\ntimeouts.reply_s = 2.5\n'
        b'flash.slot_bytes = 262144\nfirmware.core_flags = "-mcpu=cortex-m7 -mthumb"\n'
    )

    def read(content: bytes) -> None:
        bench.write_bytes(content)
        for board in ("nucleo-f746zg", "bench-2"):
            load_spec(board, Overrides(config=bench), {})

    attempt("TOML, hil.toml", read, original, b'"nucleo-f746zg"', b'"PD8"', b"[boards]\n", seed=2)


def test_board_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = {name: tmp_path / path.name for name, path in board_files().items()}
    for name, path in board_files().items():
        shutil.copy(path, copies[name])
    monkeypatch.setattr("tflm_hil.boards.spec.board_files", lambda: copies)
    damaged = copies["nucleo-f746zg"]

    def read(content: bytes) -> None:
        damaged.write_bytes(content)
        for board in ("nucleo-f746zg", "nucleo-f746zg-emulated"):
            load_spec(board, environment={})

    attempt(
        "TOML, board files",
        read,
        damaged.read_bytes(),
        b'"disco-f746ng"',
        b'"crystal"',
        b'"emulated"',
        seed=3,
    )


@pytest.mark.parametrize("schema", [1, 2])
def test_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str], schema: int) -> None:
    """Read, and shown in every form: a record that was read can be shown."""
    path = tmp_path / "report.json"
    if schema == 2:
        json_report.write(synthetic.run(), tmp_path)
    else:
        (old,) = (REPOSITORY / "tests/data/reports").glob("*.json")
        shutil.copy(old, path)

    def read(content: bytes) -> None:
        path.write_bytes(content)
        words = ["report", str(path)]
        status = main([*words, "--details"]) or main([*words, "--save", str(tmp_path / "saved")])
        if status:
            raise ConfigurationError(capsys.readouterr().err)

    attempt(
        f"reports, schema {schema}",
        read,
        path.read_bytes(),
        b'"fail"',
        b'"blocked"',
        b'"tflm"',
        b'"max_lsb"',
        seed=4,
        count=REPORTS,
    )


def test_journals(tmp_path: Path) -> None:
    """Of a run that was cut off: what can be read is taken over, what cannot is measured again."""
    path = tmp_path / "run" / JOURNAL_NAME
    sound = {key: StoredResult(bytes([key] * 5), (100, 200)) for key in range(3)}
    with journal(path.parent) as kept:
        for key, result in sound.items():
            kept.result("context", key, result.outputs, result.cycles)
        kept.append("variant", id="x")
    original = path.read_bytes()

    def read(content: bytes) -> None:
        path.write_bytes(content)
        plan_for(tmp_path, SCOPE)
        with journal(path.parent) as back:
            assert back.results("context").items() <= sound.items()

    attempt("journals", read, original, seed=5)


@contextmanager
def journal(directory: Path) -> Iterator[Journal]:
    opened = Journal(directory, SCOPE)
    yield opened
    opened.leave()
