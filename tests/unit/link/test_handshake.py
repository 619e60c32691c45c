"""HELLO against a board that is silent, garbled, slow, restarting or of another version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tflm_hil.errors import LinkTimeout, ProtocolError
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
        self._waiting = b""
        self._decoder = FrameDecoder()

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            assert frame is not None
            self.hellos += 1
            self._waiting += self.answer(frame)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """Never waits."""
        self.timeouts.append(timeout_s)
        data, self._waiting = self._waiting[:max_bytes], self._waiting[max_bytes:]
        return data

    def close(self) -> None: ...


def shake(board: Board, timeout_s: float = 0.2, counters: LinkCounters | None = None) -> Hello:
    counters = LinkCounters() if counters is None else counters
    bauds = (board.baud, 115200)
    return shake_hands(board, counters, bauds=bauds, timeout_s=timeout_s, board="b")


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
