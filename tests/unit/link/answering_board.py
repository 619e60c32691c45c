"""A board that lives in the test: it answers requests by name, at once, over a transport."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tflm_hil.link.framing import Frame, FrameDecoder, encode_frame
from tflm_hil.link.protocol import DEFAULT_BAUD, TABLE

VECTORS = Path(__file__).parents[2] / "data" / "link_vectors.txt"
ERROR = TABLE.events["error"]
IDLE_S = 0.001  # that a read waits when there is nothing

Answer = Callable[[Frame], bytes | None]  # the reply's payload; None: silence


def hello_fields() -> dict[str, Any]:
    """HELLO's reply in the vectors, without its fault."""
    lines = VECTORS.read_text().splitlines()
    line = next(line for line in lines if line.startswith("exchange hello "))
    fields = TABLE.unpack(TABLE.requests["hello"].reply, bytes.fromhex(line.split()[6]))
    return {**fields, "fault": []}


def fault(sequence: int) -> dict[str, Any]:
    """The fault of the vectors under another number."""
    lines = VECTORS.read_text().splitlines()
    line = next(line for line in lines if line.startswith("exchange hello "))
    fields = TABLE.unpack(TABLE.requests["hello"].reply, bytes.fromhex(line.split()[6]))
    (record,) = fields["fault"]
    return {**record, "sequence": sequence}


class AnsweringBoard:
    """`answers` by the request's name; what is not there is answered by an empty payload.

    `asked` are the requests in order, HELLO among them; `hello` are the fields of its reply.
    """

    name = "/dev/test"

    def __init__(self, **answers: Answer) -> None:
        self.baud = DEFAULT_BAUD
        self.listens: Callable[[int], bool] = lambda _: True  # at this rate
        self.asked: list[tuple[str, Frame]] = []
        self.hello = hello_fields()
        self.timeouts: list[float] = []
        self.closed = False
        self.answers: dict[str, Answer] = {"status": lambda _: status_bytes(), **answers}
        self._waiting = b""
        self._decoder = FrameDecoder()

    @property
    def names(self) -> list[str]:
        """What was asked for, HELLO left out."""
        return [name for name, _ in self.asked if name != "hello"]

    def say(self, wire: bytes) -> None:
        """Something that nobody asked for."""
        self._waiting += wire

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            assert frame is not None
            if self.listens(self.baud):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        name = TABLE.names[frame.type]
        self.asked.append((name, frame))
        if name == "hello":
            nonce = int.from_bytes(frame.payload[:4], "little")
            reply: bytes | None = TABLE.pack(
                TABLE.requests["hello"].reply, {**self.hello, "nonce": nonce}
            )
        else:
            reply = self.answers[name](frame) if name in self.answers else b""
        if reply is not None:
            kind = frame.type | TABLE.reply_bit
            self._waiting += encode_frame(kind, 0, frame.seq, reply)

    def refuse(self, error: str) -> Answer:
        """An answer that is the refusal of this name."""

        def answer(frame: Frame) -> None:
            fields = {field.name: 0 for field in ERROR.fields} | {
                "request": frame.type, "error": TABLE.codes["error"][error], "text": "",
            }  # fmt: skip
            self.say(encode_frame(ERROR.id, 0, frame.seq, TABLE.pack(ERROR.fields, fields)))

        return answer

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        self.timeouts.append(timeout_s)
        if not self._waiting:
            time.sleep(min(IDLE_S, max(0.0, timeout_s)))
        data, self._waiting = self._waiting[:max_bytes], self._waiting[max_bytes:]
        return data

    def close(self) -> None:
        self.closed = True


def status_bytes() -> bytes:
    """A status whose counters are all zero."""
    fields = TABLE.requests["status"].reply
    packed: bytes = TABLE.pack(fields, {field.name: 0 for field in fields})
    return packed
