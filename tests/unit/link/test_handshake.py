"""HELLO against a board that is silent, garbled, slow, restarting or of another version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tflm_hil.errors import (
    AnswerTooLate,
    ForeignFirmware,
    LinkTimeout,
    NoisyLine,
    ProtocolError,
    WrongBaudRate,
)
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import Frame, FrameDecoder, encode_frame
from tflm_hil.link.handshake import shake_hands
from tflm_hil.link.messages import Hello
from tflm_hil.link.protocol import TABLE

VECTORS = Path(__file__).parents[2] / "data" / "link_vectors.txt"
HELLO = TABLE.requests["hello"]
BOOT = encode_frame(TABLE.events["boot"].id, 0, 0, b"\1\0\0")


def hello_reply(nonce: bytes, **changes: int) -> bytes:
    line = next(
        line for line in VECTORS.read_text().splitlines() if line.startswith("exchange hello ")
    )
    fields = TABLE.unpack(HELLO.reply, bytes.fromhex(line.split()[6]))
    fields |= {"nonce": int.from_bytes(nonce, "little")} | changes
    return encode_frame(HELLO.id | TABLE.reply_bit, 0, 0, TABLE.pack(HELLO.reply, fields))


class Board:
    """A transport whose other side answers by `answer(frame)`."""

    name = "/dev/test"

    def __init__(self, answer: Callable[[Frame], bytes]) -> None:
        self.baud = 921600
        self.answer = answer
        self.hellos = 0
        self.timeouts: list[float] = []
        self.asked_at: list[tuple[float, int]] = []  # time and rate
        self._now = 0.0
        self._waiting = b""
        self._decoder = FrameDecoder()

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            assert frame is not None
            self.hellos += 1
            self.asked_at.append((self._now, self.baud))
            self._waiting += self.answer(frame)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """Waits in its own time, in which it is the host's clock, too."""
        self.timeouts.append(timeout_s)
        self._now += 0 if self._waiting else timeout_s
        data, self._waiting = self._waiting[:max_bytes], self._waiting[max_bytes:]
        return data

    def close(self) -> None: ...

    def now(self) -> float:
        return self._now

    def wall_s(self, left_s: float) -> float:
        return left_s


def shake(board: Board, timeout_s: float = 0.2, counters: LinkCounters | None = None) -> Hello:
    counters = LinkCounters() if counters is None else counters
    bauds = (board.baud, 115200)
    return shake_hands(board, counters, bauds=bauds, timeout_s=timeout_s, board="b", clock=board)


def test_the_answer_to_our_nonce_counts() -> None:
    stale = hello_reply(b"\0\0\0\0")
    board = Board(lambda frame: stale + hello_reply(frame.payload))
    counters = LinkCounters()
    hello = shake(board, counters=counters)
    assert hello.nonce != 0
    assert hello.board == "fake_board"
    assert (counters.frames_sent, counters.frames_received, counters.crc_errors) == (1, 2, 0)


def test_it_never_waits_longer_than_it_may() -> None:
    board = Board(lambda _: b"")
    with pytest.raises(LinkTimeout):
        shake(board)
    assert 0 < max(board.timeouts) <= 0.2


def test_the_default_rate_is_tried_too() -> None:
    board = Board(lambda frame: hello_reply(frame.payload) if board.baud == 115200 else b"")
    shake(board, timeout_s=5.0)
    assert board.baud == 115200


def test_after_boot_hello_is_sent_again_at_once() -> None:
    board = Board(lambda frame: hello_reply(frame.payload) if board.hellos > 1 else BOOT)
    shake(board)
    assert board.hellos == 2


def test_silence_says_where_and_what_to_check() -> None:
    board = Board(lambda _: b"")
    with pytest.raises(LinkTimeout) as caught:
        shake(board)
    assert "/dev/test at 921600, 115200 baud" in caught.value.what
    assert "power" in caught.value.remedy
    assert board.baud == 921600


def test_garbage_is_shown() -> None:
    board = Board(lambda _: b"Hello\0")
    with pytest.raises(LinkTimeout, match="48 65 6c 6c 6f 00"):
        shake(board)


def test_another_version_is_named() -> None:
    board = Board(lambda frame: hello_reply(frame.payload, protocol=77))
    with pytest.raises(ProtocolError, match="protocol 77"):
        shake(board)


def test_the_version_may_be_the_last_that_comes() -> None:
    def answer(frame: Frame) -> bytes:
        payload = frame.payload + bytes(4) + bytes([77])
        return encode_frame(HELLO.id | TABLE.reply_bit, 0, 0, payload)

    with pytest.raises(ProtocolError, match="protocol 77"):
        shake(Board(answer))


def test_a_hello_that_does_not_decode_is_a_protocol_error() -> None:
    def answer(frame: Frame) -> bytes:
        payload = frame.payload + bytes(4) + bytes([TABLE.version]) + b"\0\0"
        return encode_frame(HELLO.id | TABLE.reply_bit, 0, 0, payload)

    with pytest.raises(ProtocolError, match="does not decode"):
        shake(Board(answer))


def test_it_asks_at_each_rate_and_waits_twice_as_long_each_time() -> None:
    """0.25 s, doubled in every round; the last wait ends with the time that there is."""
    board = Board(lambda _: b"")
    with pytest.raises(LinkTimeout):
        shake(board, timeout_s=3.0)
    assert board.asked_at == [
        (0.0, 921600), (0.25, 115200), (0.5, 921600), (1.0, 115200), (1.5, 921600), (2.5, 115200),
    ]  # fmt: skip
    assert board.now() == 3.0


def test_with_one_rate_it_asks_half_as_often() -> None:
    board = Board(lambda _: b"")
    board.baud = 115200
    with pytest.raises(LinkTimeout):
        shake(board, timeout_s=3.0)
    assert board.asked_at == [(0.0, 115200), (0.25, 115200), (0.75, 115200), (1.75, 115200)]


def test_a_damaged_answer_is_asked_for_again_at_once() -> None:
    def answer(frame: Frame) -> bytes:
        wire = bytearray(hello_reply(frame.payload))
        wire[len(wire) // 2] ^= board.hellos < 4
        return bytes(wire)

    board = Board(answer)
    shake(board, timeout_s=3.0)
    assert [at for at, _ in board.asked_at] == [0.0] * 4


def test_babble_does_not_feed_itself() -> None:
    """What answers every HELLO with rubbish is asked a bounded number of times."""
    board = Board(lambda _: b"\xa5\x5a\0")
    with pytest.raises(LinkTimeout):
        shake(board, timeout_s=3.0)
    assert board.hellos == 6 * (1 + 8)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", LinkTimeout),
        (b"*** Booting Zephyr OS ***\r\n", ForeignFirmware),
        (bytes(range(0x80, 0xC0)) + b"\0", WrongBaudRate),
        (encode_frame(TABLE.events["alive"].id, 0, 0, bytes(4)), AnswerTooLate),
    ],
)
def test_what_came_says_whose_problem_it_is(said: bytes, kind: type[LinkTimeout]) -> None:
    with pytest.raises(LinkTimeout) as caught:
        shake(Board(lambda _: said), timeout_s=3.0)
    assert type(caught.value) is kind
    assert caught.value.line is not None
    assert (caught.value.line.heard > 0) == bool(said)


def test_answers_that_are_all_damaged_are_noise() -> None:
    def answer(frame: Frame) -> bytes:
        wire = bytearray(hello_reply(frame.payload))
        wire[-20] ^= 1
        return bytes(wire)

    with pytest.raises(NoisyLine, match="damaged frames from the board") as caught:
        shake(Board(answer), timeout_s=3.0)
    assert "cable" in caught.value.remedy
    assert "power" not in caught.value.remedy
