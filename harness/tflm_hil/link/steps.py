"""How a sequence of steps becomes requests that fit the link, and how the replies become one
result again.

Small steps travel many in a frame (SEQUENCE). A step whose input or output is larger than a frame
travels in pieces: WRITE_INPUT, STEP, READ_OUTPUT. Either way the device sees the same Invokes in
the same order, so cutting changes no result: state is kept from request to request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflm_hil.link.framing import wire_bytes
from tflm_hil.link.messages import LoadedModel, SequenceRequest, SequenceResult
from tflm_hil.link.protocol import MAX_PAYLOAD, TABLE

_SEQUENCE = TABLE.requests["sequence"]
_STEP = TABLE.requests["step"]
_RESET = TABLE.requests["reset_state"]
_WRITE = TABLE.requests["write_input"]
_READ = TABLE.requests["read_output"]

_CYCLES_BYTES = 4
# Several frames fit the window, so that one is on the line while another is being computed.
_PREFERRED_PAYLOAD = MAX_PAYLOAD // 2
_PIECE = MAX_PAYLOAD // 2

# What an error reply may take instead of the expected one: fixed fields and text.
ERROR_WIRE_BYTES = wire_bytes(3 + 6 + 8 + 1 + 119)


@dataclass(frozen=True)
class Part:
    """One request of a sequence, and what its reply holds."""

    kind: int
    flags: int
    payload: bytes
    reply_payload: int  # bytes
    steps: int = 0  # how many steps' cycles come back
    all_outputs: bool = False
    is_output: bool = False  # the reply is a piece of the output

    @property
    def reply_bytes(self) -> int:
        """Upper bound of the reply on the line."""
        return max(ERROR_WIRE_BYTES, wire_bytes(self.reply_payload))


class StepsError(ValueError):
    """The input does not consist of whole steps of the model."""


def cut(request: SequenceRequest, model: LoadedModel) -> Iterator[Part]:
    """The requests for `request`, in order. Raises StepsError."""
    blocks = request.inputs
    data = blocks if isinstance(blocks, bytes) else b"".join(blocks)
    size = model.input_bytes
    if not data or size == 0 or len(data) % size:
        raise StepsError(
            f"{len(data)} bytes of input for model {model.name}, whose steps take {size} bytes"
        )
    if size > MAX_PAYLOAD or _CYCLES_BYTES + model.output_bytes > MAX_PAYLOAD:
        return _cut_large(request, data, model)
    return _cut_small(request, data, model)


def _cut_small(request: SequenceRequest, data: bytes, model: LoadedModel) -> Iterator[Part]:
    size, output = model.input_bytes, model.output_bytes
    if request.all_outputs:
        most = MAX_PAYLOAD // (_CYCLES_BYTES + output)
    else:
        most = (MAX_PAYLOAD - output) // _CYCLES_BYTES
    steps = max(1, min(_PREFERRED_PAYLOAD // size, most))
    reset = _SEQUENCE.flags["reset_before"] if request.reset else 0
    outputs = _SEQUENCE.flags["all_outputs"] if request.all_outputs else 0
    for at in range(0, len(data), steps * size):
        piece = data[at : at + steps * size]
        count = len(piece) // size
        single = len(data) == size and not request.reset
        yield Part(
            _STEP.id if single else _SEQUENCE.id,
            0 if single else outputs | (reset if at == 0 else 0),
            piece,
            count * _CYCLES_BYTES + (count if request.all_outputs else 1) * output,
            steps=count,
            all_outputs=request.all_outputs,
        )


def _cut_large(request: SequenceRequest, data: bytes, model: LoadedModel) -> Iterator[Part]:
    size, output = model.input_bytes, model.output_bytes
    if request.reset:
        yield Part(_RESET.id, 0, b"", 0)
    for at in range(0, len(data), size):
        step = data[at : at + size]
        flags = _STEP.flags["no_outputs"]
        if size > MAX_PAYLOAD:
            for offset in range(0, size, _PIECE):
                piece = step[offset : offset + _PIECE]
                payload = TABLE.pack(_WRITE.fields, {"offset": offset, "data": piece})
                yield Part(_WRITE.id, 0, payload, 0)
            step = b""
            flags |= _STEP.flags["input_written"]
        yield Part(_STEP.id, flags, step, _CYCLES_BYTES, steps=1)
        if request.all_outputs or at + size == len(data):
            for offset in range(0, output, _PIECE):
                length = min(_PIECE, output - offset)
                payload = TABLE.pack(_READ.fields, {"offset": offset, "length": length})
                yield Part(_READ.id, 0, payload, length, is_output=True)


class Assembler:
    """Collects the replies of one sequence in order."""

    def __init__(self, request: SequenceRequest) -> None:
        self._request = request
        self._outputs = bytearray()
        self._cycles: list[int] = []

    def add(self, part: Part, reply: bytes) -> None:
        """Raises ValueError if `reply` has not the length that the request asked for."""
        if len(reply) != part.reply_payload:
            raise ValueError(f"{len(reply)} bytes came, {part.reply_payload} were due")
        if part.is_output:
            self._outputs += reply
        elif part.all_outputs:
            stride = len(reply) // part.steps
            for at in range(0, len(reply), stride):
                self._cycles.append(int.from_bytes(reply[at : at + _CYCLES_BYTES], "little"))
                self._outputs += reply[at + _CYCLES_BYTES : at + stride]
        elif part.steps:
            end = part.steps * _CYCLES_BYTES
            self._cycles.extend(memoryview(reply)[:end].cast("I"))
            if len(reply) > end:
                self._outputs[:] = reply[end:]  # of the last step so far

    def result(self) -> SequenceResult:
        """What the parts came to, once all of them have been added."""
        return SequenceResult(
            self._request.key, bytes(self._outputs), len(self._cycles), tuple(self._cycles)
        )
