"""An emulated board as a process: its life, its files, its debug port, its control channel."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.client import DebugPortClient, DebugPortFault
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.emulator.outside.socket_path import short_name
from tflm_hil.errors import EmulatorError

from tests.support.bare_metal import build_program
from tests.support.debug_port import Debugger
from tests.support.emulated_boards import DISCO, NUCLEO


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess.start(NUCLEO, blank=True) as process:
        yield process


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while not _gone(pid):
        assert time.monotonic() < deadline, "the emulator outlives what it should not"
        time.sleep(0.01)


def test_it_is_listed_while_it_runs_and_leaves_nothing_behind(emulator: EmulatorProcess) -> None:
    entry = registry.find(emulator.uid)
    assert entry is not None
    assert (entry.pid, entry.tty, entry.board) == (emulator.pid, emulator.tty, "nucleo-f746zg")
    assert Path(emulator.tty).is_char_device()
    mode = emulator.socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    emulator.stop()
    assert not emulator.alive()
    assert registry.entries() == []
    assert not emulator.socket.exists()


def test_a_runtime_directory_may_be_far_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path.joinpath(*["a folder of thirty-two characters"] * 4)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    deep.mkdir(parents=True)
    deep.chmod(0o700)  # or it is not taken for one
    with EmulatorProcess.start(NUCLEO, uid="U" * 64) as process:
        assert len(str(process.socket)) > 200
        assert process.socket.is_relative_to(deep)
        assert process.control({"get": "entry"})["uid"] == process.uid
    assert not process.socket.exists()


def test_a_socket_that_cannot_be_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "tflm-hil" / "emulators" / "TAKEN.sock").mkdir(parents=True)
    with pytest.raises(EmulatorError, match=r"cannot|TAKEN") as raised:
        EmulatorProcess.start(NUCLEO, uid="TAKEN")
    assert raised.value.remedy


def test_two_boards_have_different_uids_ttys_and_flash(emulator: EmulatorProcess) -> None:
    with EmulatorProcess.start(NUCLEO) as other:
        assert other.uid != emulator.uid
        assert other.tty != emulator.tty
        assert other.flash != emulator.flash


def test_a_uid_that_runs_is_refused_with_its_reason(emulator: EmulatorProcess) -> None:
    with pytest.raises(EmulatorError, match="already running"):
        EmulatorProcess.start(NUCLEO, uid=emulator.uid)


def test_flash_survives_the_process_even_if_killed_and_blank_erases_it(tmp_path: Path) -> None:
    image = build_program("debuggee", tmp_path).segments[0][1]
    with EmulatorProcess.start(NUCLEO, uid="KEEP", blank=True) as process:
        with DebugPortClient(process.socket) as port:
            debugger = Debugger(port)
            debugger.halt()
            debugger.write(0x40023C04, 0x45670123)
            debugger.write(0x40023C04, 0xCDEF89AB)
            debugger.write(0x40023C10, 0x201)
            words = [int.from_bytes(image[i : i + 4], "little") for i in range(0, 64, 4)]
            debugger.write_block(0x08000000, words)
            port.flush()
        os.kill(process.pid, signal.SIGKILL)
    with (
        EmulatorProcess.start(NUCLEO, uid="KEEP") as process,
        DebugPortClient(process.socket) as port,
    ):
        assert Debugger(port).read_block(0x08000000, 16) == words
        process.control({"set": "blank"})
        assert Debugger(port).read_block(0x08000000, 2) == [0xFFFFFFFF] * 2


def test_a_posted_write_that_fails_is_reported_by_flush(emulator: EmulatorProcess) -> None:
    with DebugPortClient(emulator.socket) as port:
        debugger = Debugger(port)
        debugger.write(0x70000000, 1)
        with pytest.raises(DebugPortFault):
            port.flush()
        port.write_dp(0x0, 0x1E)
        port.flush()
        assert port.read_dp(0x0) == 0x5BA02477


def test_one_client_after_the_other(emulator: EmulatorProcess) -> None:
    for _ in range(5):
        with DebugPortClient(emulator.socket) as port:
            assert Debugger(port).read(0xE000ED00) == 0x410FC271


def test_the_reset_line_holds_the_core(emulator: EmulatorProcess) -> None:
    with DebugPortClient(emulator.socket) as port:
        debugger = Debugger(port)
        port.nreset(True)
        port.nreset(False)
        assert debugger.read(0x40023874) >> 26 & 1  # PINRSTF


def test_state_says_what_the_report_needs(emulator: EmulatorProcess) -> None:
    state = emulator.control({"get": "state"})
    assert state["cycle_model"] == "insn-count-1"
    assert state["core_clock_hz"] == 16_000_000
    assert state["findings"] == []
    for key in ("cycles", "instructions", "sleep_cycles", "virtual_seconds", "uart", "line"):
        assert key in state


def test_an_unknown_control_request_is_refused_and_the_connection_lives(
    emulator: EmulatorProcess,
) -> None:
    with DebugPortClient(emulator.socket) as port:
        for nonsense in ({"get": "lost"}, {"set": "line_noise", "rate": 7}, {}):
            with pytest.raises(EmulatorError, match="refused"):
                port.control(nonsense)
        assert port.control({"get": "entry"})["uid"] == emulator.uid


def test_nonsense_on_the_socket_ends_that_connection_only(emulator: EmulatorProcess) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        with short_name(emulator.socket) as name:
            connection.connect(name)
        connection.sendall(b"\xff" * 6)
        assert connection.recv(1) == b""
    with DebugPortClient(emulator.socket) as port:
        assert port.read_dp(0x0) == 0x5BA02477


def test_stop_request_and_terminal_signals_end_it(emulator: EmulatorProcess) -> None:
    emulator.control({"set": "stop"})
    _wait_for_exit(emulator)
    with EmulatorProcess.start(NUCLEO) as other:
        os.kill(other.pid, signal.SIGINT)
        _wait_for_exit(other)
    assert registry.entries() == []


def _wait_for_exit(process: EmulatorProcess) -> None:
    deadline = time.monotonic() + 5
    while process.alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_of_a_dead_emulator_is_told(emulator: EmulatorProcess) -> None:
    port = DebugPortClient(emulator.socket)
    port.connect()
    os.kill(emulator.pid, signal.SIGKILL)
    _wait_for_exit(emulator)
    with pytest.raises(EmulatorError, match="stopped answering"):
        port.read_dp(0x0)
    with pytest.raises(EmulatorError, match="does not answer"):
        DebugPortClient(emulator.socket).connect()


def test_it_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from tflm_hil.emulator.outside.process import EmulatorProcess as P\n"
            "from tflm_hil.emulator.wiring import EmulatedBoard\n"
            "board = EmulatedBoard.from_json(sys.argv[1])\n"
            "print(P.start(board).pid, flush=True); time.sleep(60)",
            NUCLEO.to_json(),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not _gone(pid)
    parent.kill()
    parent.wait()
    _wait_until_gone(pid)


def test_another_board_has_uids_of_its_own() -> None:
    with EmulatorProcess.start(DISCO, blank=True) as process:
        assert process.uid == "EMU-F746NG-00"
        assert process.control({"get": "entry"})["board"] == process.board == "disco-f746ng"


def test_a_board_that_cannot_be_is_refused_with_a_remedy() -> None:
    no_usart = replace(NUCLEO, console=replace(NUCLEO.console, usart="USART9"))
    with pytest.raises(EmulatorError, match="USART9") as refused:
        EmulatorProcess.start(no_usart)
    assert "USART3" in refused.value.remedy
    command = [sys.executable, "-m", "tflm_hil.emulator.outside.server", "--board", "{}"]
    server = subprocess.run(command, capture_output=True, text=True, check=False)
    assert server.returncode == 1
    assert "missing ['console'" in server.stderr


def test_the_command_prints_tty_and_probe() -> None:
    command = [sys.executable, "-m", "tflm_hil.commands.main", "emulate", "nucleo-f746zg"]
    for extra in ([], ["--json"]):
        with subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.terminate()
            assert process.wait(5) == 0
        if extra:
            announced = json.loads(line)
            assert announced["tty"].startswith("/dev/pts/")
        else:
            assert "EMU-F746ZG-" in line
            assert "/dev/pts/" in line
