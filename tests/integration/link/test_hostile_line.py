"""Every kind of damage that a line does to bytes, in both directions: no answer is ever wrong.

`HIL_FRAMES=1000000` asks for more frames of each kind; CI asks for few.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tflm_hil.emulator.outside.line_noise import KINDS

from tests.support import hostile_line

FRAMES = int(os.environ.get("HIL_FRAMES", "5000"))
RATE = 1e-4  # of the bytes


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids="+".join)
def test_no_answer_is_wrong_lost_or_doubled(app: Path, kinds: tuple[str, ...]) -> None:
    outcome = hostile_line.run(app, kinds, rate=RATE, frames=FRAMES)
    print(outcome.row())  # shown by pytest -rP
    assert outcome.ended_by == ""
    assert (outcome.wrong, outcome.lost, outcome.doubled) == (0, 0, 0)
    assert outcome.damaged_bytes > 2e-3 * FRAMES, "there was no noise"
    assert outcome.counters.retransmissions > 0
