"""Many frames through a line that damages them, on the desktop's firmware: what comes of it.

    python -m tests.support.hostile_line [FRAMES [RATE [KIND …]]]

prints one row for each kind of damage. Every answer is held against what the same firmware says
over a clean line; the model's state is carried from the first to the last frame, so one step too
many, too few or out of order changes every later answer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tflm_hil.emulator.outside.line_noise import KINDS, LineNoise
from tflm_hil.errors import HilError
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest, SequenceResult
from tflm_hil.models.slot.slot import SlotEntry

from tests.support.disturbed_line import DisturbedLine
from tests.support.posix_board import PosixBoard, build_app
from tests.support.step_model import INPUTS, lstm_step

STEP = SlotEntry("lstm_step", lstm_step())
_PIECE = 5_000  # frames that are drawn at a time
HEADER = (
    "| damage | rate | frames | damaged bytes | damaged frames | sent again | time-outs | "
    "wrong | lost | doubled | s |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Outcome:
    """What came of it. `ended_by` is the error that ended it early, "" if none did."""

    kinds: tuple[str, ...]
    rate: float
    frames: int
    damaged_bytes: int
    counters: LinkCounters
    wrong: int
    lost: int
    doubled: int
    seconds: float
    ended_by: str = ""

    def row(self) -> str:
        """A line of the table."""
        cells = [
            "+".join(self.kinds), f"{self.rate:g}", f"{self.frames:,}", f"{self.damaged_bytes:,}",
            f"{self.counters.crc_errors + self.counters.naks:,}",
            f"{self.counters.retransmissions:,}", f"{self.counters.timeouts:,}", str(self.wrong),
            str(self.lost), str(self.doubled), f"{self.seconds:.0f}",
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |" + (f" {self.ended_by}" if self.ended_by else "")


def requests(count: int, seed: int) -> Iterator[SequenceRequest]:
    """One step each, all carrying the state on."""
    random = np.random.default_rng(seed)
    for first in range(0, count, _PIECE):
        values = random.normal(size=(min(_PIECE, count - first), INPUTS)).astype("<f4")
        for number, value in enumerate(values):
            yield SequenceRequest(first + number, value.tobytes(), reset=first + number == 0)


def run(app: Path, kinds: tuple[str, ...], *, rate: float, frames: int, seed: int = 1) -> Outcome:
    """So many frames with damage of these kinds in both directions, beside a clean run."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("clean", "hostile")]
        for place in places:
            place.mkdir()
        boards = [PosixBoard(app, [STEP], place) for place in places]
        try:
            return _compared(boards[0], boards[1], kinds, rate, frames, seed)
        finally:
            for board in boards:
                board.stop()


def _compared(
    clean: PosixBoard,
    hostile: PosixBoard,
    kinds: tuple[str, ...],
    rate: float,
    frames: int,
    seed: int,
) -> Outcome:
    judge = clean.device()
    judge.load(STEP.hash)
    line = DisturbedLine(hostile.transport())
    device = Device(line, board="hostile")
    device.load(STEP.hash)
    noises = [LineNoise(rate, 2 * seed + number, kinds) for number in (0, 1)]
    line.outward, line.inward = noises[0].apply, noises[1].apply
    start = time.monotonic()
    expected = judge.stream(requests(frames, seed))
    latest = -1
    wrong = doubled = answered = 0
    ended_by = ""
    try:
        for result in device.stream(requests(frames, seed)):
            wrong += not _equal(result, next(expected))
            number = int(str(result.key))
            doubled += number <= latest
            latest = number
            answered += 1
    except HilError as error:
        ended_by = f"{type(error).__name__}: {error.what}"
    device.close()
    damaged = sum(noise.counters.total for noise in noises)
    lost = 0 if ended_by else frames - answered
    return Outcome(
        kinds, rate, answered, damaged, device.counters, wrong, lost, doubled,
        time.monotonic() - start, ended_by,
    )  # fmt: skip


def _equal(result: SequenceResult, expected: SequenceResult) -> bool:
    return (result.key, result.outputs) == (expected.key, expected.outputs)


def main() -> None:
    """Print the table."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 1e-4
    app = build_app()
    print(HEADER)
    for kinds in [tuple(sys.argv[3:])] if sys.argv[3:] else [*((kind,) for kind in KINDS), KINDS]:
        print(run(app, kinds, rate=rate, frames=frames).row(), flush=True)


if __name__ == "__main__":
    main()
