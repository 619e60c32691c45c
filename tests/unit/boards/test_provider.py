"""Acquiring what is not there; acquiring what is, is tested with a running emulator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tflm_hil
from tflm_hil.boards import locks, provider
from tflm_hil.boards.pairing import PortInfo
from tflm_hil.boards.provider import acquire, list_boards
from tflm_hil.boards.spec import Overrides, board_files
from tflm_hil.errors import ProbeBusy, ProbeNotFound, UnknownBoard


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_unknown_board() -> None:
    with pytest.raises(UnknownBoard), acquire("nucleo-f7"):
        pass


def test_a_real_board_that_is_not_attached() -> None:
    absent = Overrides(probe_uid="066EFF383733503457223432")
    with (
        pytest.raises(ProbeNotFound, match="no probe with serial 066EFF38") as caught,
        acquire("nucleo-f746zg", absent),
    ):
        pass
    assert "command line" in caught.value.remedy
    assert caught.value.board == "nucleo-f746zg"


def test_a_real_board_is_paired_locked_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    uid = "066EFF383733503457223432"
    recorded = [
        PortInfo("/dev/ttyACM0", 0x0483, 0x374B, "0670FF575251717867205939", "STM32 STLink"),
        PortInfo("/dev/ttyACM1", 0x0483, 0x374B, uid, "STM32 STLink"),
    ]
    monkeypatch.setattr(provider, "attached_ports", lambda: recorded)
    with acquire("nucleo-f746zg", Overrides(probe_uid=uid)) as board:
        assert (board.probe_uid, board.tty, board.emulator) == (uid, "/dev/ttyACM1", None)
        assert board.probe.uid == uid
        assert locks.holder(uid) is not None
        with pytest.raises(ProbeBusy), acquire("nucleo-f746zg", Overrides(probe_uid=uid)):
            pass
    assert locks.holder(uid) is None


def test_an_emulator_that_is_not_running() -> None:
    with (
        pytest.raises(ProbeNotFound, match="EMU-F746ZG-07 is running; running: none") as caught,
        acquire("nucleo-f746zg-emulated", Overrides(probe_uid="EMU-F746ZG-07")),
    ):
        pass
    assert "hil emulate nucleo-f746zg" in caught.value.remedy


def test_the_list_has_every_board_and_why_it_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "hil.toml").write_text(
        '[boards.bench-2]\nbase = "nucleo-f746zg"\nprobe.uid = "0670FF575251717867205939"\n'
    )
    rows = {row.id: row for row in list_boards()}
    assert set(rows) == {"bench-2", *board_files()}
    assert "no probe with serial 0670FF57" in rows["bench-2"].state
    assert rows["nucleo-f746zg-emulated"].state.startswith("ready")


def test_acquiring_code_is_cheap_to_import() -> None:
    code = (
        "import sys, tflm_hil.boards.provider, tflm_hil.probe.probe;"
        "sys.exit(any(m.split('.')[0] in ('pyocd', 'tensorflow', 'unicorn') for m in sys.modules))"
    )
    root = Path(tflm_hil.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
