"""Why no answer came, over a real tty: each cause is an error of its own, with a remedy that fits.

The board is the real application on the desktop; the line between is disturbed on purpose.
"""

from __future__ import annotations

import os
import pty
import signal
import threading
import tty
from collections.abc import Iterator

import pytest
from tflm_hil.emulator.outside.line_noise import LineNoise
from tflm_hil.errors import (
    AnswerTooLate,
    FirmwareSilent,
    ForeignFirmware,
    LinkError,
    LinkTimeout,
    NoisyLine,
    ProtocolError,
    WrongBaudRate,
)
from tflm_hil.link.device import Device
from tflm_hil.link.framing import FrameDecoder, encode_frame
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.link.protocol import TABLE
from tflm_hil.link.transport import SerialTransport

from tests.integration.link.conftest import STEP
from tests.support.disturbed_line import DisturbedLine, at_rates
from tests.support.posix_board import PosixBoard

PATIENCE_S = 0.6
STEP_BYTES = bytes(12)


@pytest.fixture
def line(board: PosixBoard) -> DisturbedLine:
    return DisturbedLine(board.transport())


@pytest.fixture
def device(line: DisturbedLine) -> Iterator[Device]:
    """In session over the line, with a model; quiet again when it is closed."""
    device = Device(line, board="posix", timeout_s=PATIENCE_S)
    device.load(STEP.hash)
    yield device
    line.outward = line.inward = lambda data: data
    line.absent_s = 0.0
    device.close()


def ends_with(kind: type[LinkError], device: Device) -> LinkTimeout:
    """The error that a stream of steps ends with: exactly of this class."""
    with pytest.raises(LinkError) as caught:
        list(device.stream(SequenceRequest(key, STEP_BYTES) for key in range(1000)))
    assert type(caught.value) is kind, caught.value
    assert isinstance(caught.value, LinkTimeout)
    return caught.value


# --- in the middle of a session -------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["inward", "outward", "both"])
def test_noise_is_called_noise(device: Device, line: DisturbedLine, direction: str) -> None:
    """So much that nothing comes through."""
    if direction != "outward":
        line.inward = LineNoise(0.3, 1).apply
    if direction != "inward":
        line.outward = LineNoise(0.3, 2).apply
    error = ends_with(NoisyLine, device)
    assert error.line is not None
    assert error.line.damaged + error.line.naks > 0
    assert "cable" in error.remedy
    assert "lower rate" in error.remedy
    assert "power" not in str(error)
    assert "time-out" not in str(error)
    assert "reply_s" not in str(error)


def test_a_single_damaged_frame_at_the_wrong_moment_is_no_noise(
    device: Device, line: DisturbedLine
) -> None:
    """It is repaired, and nothing is said."""
    spoilt = iter([True])
    line.inward = lambda data: data[:-1] + b"\x55\0" if data and next(spoilt, False) else data
    assert device.step(STEP_BYTES).steps == 1
    assert device.counters.crc_errors == 1


@pytest.mark.parametrize("kind", ["hang", "silent"])
def test_firmware_that_hangs_is_not_noise(device: Device, kind: str) -> None:
    device.arm_fault(kind)
    error = ends_with(FirmwareSilent, device)
    assert "since it was asked for sequence" in error.what
    assert "reset the board" in error.remedy
    assert "timeouts.reply_s" in error.remedy
    assert "cable" not in error.remedy


def test_firmware_that_hangs_after_noise_is_not_noise(board: PosixBoard) -> None:
    """What was damaged before the last answer is no cause of what comes after it."""
    line = DisturbedLine(board.transport())
    device = Device(line, board="posix", timeout_s=3.0)
    device.load(STEP.hash)
    line.inward = LineNoise(1e-2, 3).apply
    list(device.stream(SequenceRequest(key, STEP_BYTES) for key in range(500)))
    assert device.counters.crc_errors > 20
    line.inward = lambda data: data
    device.arm_fault("hang")
    ends_with(FirmwareSilent, device)
    device.close()


def test_a_board_that_is_gone_with_its_tty_is_gone(board: PosixBoard, device: Device) -> None:
    board.kill()
    with pytest.raises(LinkError, match="went away") as caught:
        device.step(STEP_BYTES)
    assert "plug the board in again" in caught.value.remedy


def test_a_busy_host_does_not_judge(device: Device, line: DisturbedLine) -> None:
    """It looks at the line less often than the time-out is long: the answers are there."""
    line.absent_s = 1.5 * PATIENCE_S
    assert device.step(STEP_BYTES).steps == 1
    assert device.counters.timeouts == 0
    assert device.counters.retransmissions == 0


def test_an_answer_that_takes_too_long_is_not_noise(board: PosixBoard, device: Device) -> None:
    """The board stands still, as in a long inference, and answers when it has been given up."""
    pid = board.pid
    os.kill(pid, signal.SIGSTOP)
    resume = threading.Timer(1.3 * PATIENCE_S, os.kill, (pid, signal.SIGCONT))
    resume.start()
    try:
        with pytest.raises(AnswerTooLate, match="but is alive") as caught:
            device.step(STEP_BYTES)
    finally:
        resume.join()
    assert "timeouts.reply_s" in caught.value.remedy
    assert "cable" not in caught.value.remedy


def test_a_line_that_goes_to_another_rate_is_told(device: Device, line: DisturbedLine) -> None:
    """The board's clock fails in mid-run: what it sends is garbled, what it hears, too."""
    line.inward = at_rates(115200 * 16 / 25, 115200)
    line.outward = at_rates(115200, 115200 * 16 / 25)
    with pytest.raises(LinkTimeout) as caught:
        device.step(STEP_BYTES)
    assert isinstance(caught.value, FirmwareSilent | NoisyLine | WrongBaudRate)


# --- at the beginning -----------------------------------------------------------------------------


class Console:
    """A pseudo terminal behind which something else than our firmware talks and does not listen."""

    def __init__(self, said: bytes, every_s: float = 0.05) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._said, self._every_s = said, every_s
        self._quit = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        while self._said and not self._quit.wait(self._every_s):
            os.write(self._master, self._said)

    def close(self) -> None:
        self._quit.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)


def greeted(said: bytes) -> LinkError:
    """What HELLO ends with at a console that says this."""
    console = Console(said)
    try:
        device = Device(SerialTransport(console.path, 115200), board="b")
        with pytest.raises(LinkError) as caught:
            device.hello(timeout_s=0.8)
        device.close()
        return caught.value
    finally:
        console.close()


def test_a_dead_board_says_nothing() -> None:
    error = greeted(b"")
    assert type(error) is LinkTimeout
    assert "not a byte came" in error.what
    assert "power" in error.remedy
    assert "cable" not in error.remedy


def test_another_firmware_is_known_by_its_text() -> None:
    error = greeted(b"*** Booting Zephyr OS build v3.7 ***\r\nuart:~$ ")
    assert type(error) is ForeignFirmware
    assert "uart:~$" in error.what
    assert "flash" in error.remedy


def test_firmware_of_another_version_is_named(board: PosixBoard) -> None:
    """The real answer, with the version of another protocol in it."""
    line = DisturbedLine(board.transport())

    def renumbered(data: bytes) -> bytes:
        frames = [frame for frame in FrameDecoder().feed(data) if frame is not None]
        return b"".join(
            encode_frame(
                frame.type,
                frame.flags,
                frame.seq,
                frame.payload[:8] + bytes([TABLE.version + 1]) + frame.payload[9:],
            )
            for frame in frames
        )

    line.inward = renumbered
    device = Device(line, board="b")
    with pytest.raises(ProtocolError, match=f"protocol {TABLE.version + 1}") as caught:
        device.hello(timeout_s=2.0)
    assert "flash" in caught.value.remedy
    device.close()


def test_a_wrong_rate_is_known_by_bytes_without_frames() -> None:
    """BOOT of a board whose clock gives it half the rate, again and again."""
    boot = encode_frame(TABLE.events["boot"].id, 0, 0, b"\1\0\0")
    error = greeted(at_rates(57600, 115200)(boot * 4))
    assert type(error) is WrongBaudRate
    assert "rate" in error.remedy
    assert "cable" not in error.remedy


def test_noise_from_the_first_byte_on_is_noise(board: PosixBoard) -> None:
    """The answers to HELLO are recognised although none is whole."""
    line = DisturbedLine(board.transport())
    line.inward = LineNoise(0.08, 4, ("flip",)).apply
    device = Device(line, board="posix")
    with pytest.raises(NoisyLine) as caught:
        device.hello(timeout_s=0.8)
    assert "cable" in caught.value.remedy
    line.inward = lambda data: data
    device.close()


def test_at_one_byte_in_a_hundred_a_session_still_opens_and_answers(board: PosixBoard) -> None:
    line = DisturbedLine(board.transport())
    line.inward, line.outward = LineNoise(1e-2, 5).apply, LineNoise(1e-2, 6).apply
    device = Device(line, board="posix")
    device.load(STEP.hash)
    results = list(device.stream(SequenceRequest(key, STEP_BYTES) for key in range(100)))
    assert [result.key for result in results] == list(range(100))
    device.close()


def test_a_board_that_executes_an_older_request_is_busy() -> None:
    alive = encode_frame(TABLE.events["alive"].id, 0, 0, bytes(4))
    error = greeted(alive)
    assert type(error) is AnswerTooLate
    assert "older request" in error.what
