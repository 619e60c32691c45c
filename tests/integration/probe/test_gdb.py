"""A real gdb on the stock `pyocd gdbserver`, in the command loop of the real firmware."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import FirmwareImage
from tflm_hil.probe.probe import Probe

GDB = shutil.which("gdb-multiarch") or shutil.which("arm-none-eabi-gdb")
pytestmark = pytest.mark.skipif(GDB is None, reason="no gdb for Arm is installed")

COMMAND_LOOP = "(*(hil::app::CommandLoop*)&'(anonymous namespace)::command_loop')"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def gdbserver(
    emulator: EmulatorProcess,
    probe: Probe,
    firmware: FirmwareImage,
    pyocd_environment: dict[str, str],
) -> Iterator[int]:
    """Port of a `pyocd gdbserver` on the board, with the firmware flashed."""
    probe.flash_firmware(firmware.elf)
    port = free_port()
    options = ["-u", emulator.uid, "-p", str(port), "-T", str(free_port())]
    with subprocess.Popen(
        [sys.executable, "-m", "pyocd", "gdbserver", *options],
        env=pyocd_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if "listening" in line and "GDB server" in line:
                break
        drain = threading.Thread(target=server.stderr.read, daemon=True)
        drain.start()
        yield port
        server.terminate()
        drain.join()


def gdb(elf: Path, port: int, *commands: str) -> str:
    """Run gdb in batch mode; what it printed."""
    assert GDB is not None
    script = [
        "set confirm off",
        "set pagination off",
        "set remotetimeout 30",
        f"target remote localhost:{port}",
        *commands,
        "detach",
    ]
    arguments = [argument for command in script for argument in ("-ex", command)]
    done = subprocess.run(
        [GDB, "-batch", "-nx", *arguments, str(elf)], capture_output=True, text=True, timeout=120
    )
    return done.stdout + done.stderr


def test_break_in_the_command_loop_step_and_print(gdbserver: int, firmware: FirmwareImage) -> None:
    output = gdb(
        firmware.elf,
        gdbserver,
        "monitor reset halt",
        "hbreak hil::app::CommandLoop::Poll",
        "continue",
        "next",
        "backtrace",
        f"print {COMMAND_LOOP}.totals_.frames_received",
        "print $sp",
    )
    assert re.search(r"Breakpoint 1.*CommandLoop::Poll", output), output
    assert re.search(r"main \(\) at .*main\.cc", output), output
    assert "$1 = 0" in output


def test_watch_a_counter_while_the_tty_talks(
    gdbserver: int, firmware: FirmwareImage, emulator: EmulatorProcess
) -> None:
    finished = threading.Event()

    def send_damaged_frames() -> None:
        with serial.Serial(emulator.tty, 115_200) as tty:
            while not finished.is_set():
                tty.write(b"\x02\x01\x00")  # too short for a frame
                time.sleep(0.05)

    sender = threading.Thread(target=send_damaged_frames)
    sender.start()
    try:
        output = gdb(
            firmware.elf,
            gdbserver,
            "monitor reset halt",
            "thbreak hil::app::CommandLoop::Poll",
            "continue",
            f"watch {COMMAND_LOOP}.totals_.frames_damaged",
            f"print {COMMAND_LOOP}.totals_.frames_damaged",
            "continue",
            "backtrace",
            f"print {COMMAND_LOOP}.totals_.frames_damaged",
        )
    finally:
        finished.set()
        sender.join()
    assert "Hardware watchpoint 2" in output, output
    assert re.search(r"main \(\) at .*main\.cc", output), output
    assert "$1 = 0" in output, output
    assert "$2 = 1" in output, output
