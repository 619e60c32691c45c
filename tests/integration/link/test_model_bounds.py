"""What the firmware refuses for its size at LOAD, the lint tells before: on both sides of each
bound.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.errors import ModelRejected
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.slot.slot_aux import pack_states
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.lints.bounds import ENTRY_NAME_BYTES, model_bounds_exceeded
from tflm_hil.models.tflite.model_bounds import ModelBounds, model_bounds
from tflm_hil.models.tflite.states import state_pairs

from tests.support.posix_board import PosixBoard
from tests.support.state_models import many


def known() -> ModelBounds:
    bounds = model_bounds()
    assert bounds is not None
    return bounds


BOUNDS = known()
MOST = BOUNDS.state_bytes // 4  # float32 elements


def described(name_bytes: int) -> bytes:
    """As many inputs and outputs as are allowed, a state among them, with names of this length."""
    return many([2], data=BOUNDS.tensors - 1, x="x" * name_bytes, y="y" * name_bytes)


def longest_names() -> int:
    """With names of one byte more, the answer to LOAD does not fit into a frame."""
    return next(
        size - 1
        for size in range(2, BOUNDS.name_bytes)
        if list(model_bounds_exceeded(inspect(described(size))))
    )


TAKEN = {
    "states of the largest size": many([MOST - 3, 3]),
    "as many states as there may be": many([2] * BOUNDS.states),
    "as many inputs and outputs as there may be": many([], data=BOUNDS.tensors),
    "names as long as they may be": described(longest_names()),
}
REFUSED = {
    "states that are too large": many([MOST - 3, 4]),
    "one state more, of inputs one more": many([2] * (BOUNDS.states + 1)),
    "one input more": many([], data=BOUNDS.tensors + 1),
    "names that are longer": described(longest_names() + 1),
}


def device_takes(app: Path, folder: Path, content: bytes) -> str:
    """What the firmware says to a model, "" if it takes it."""
    entry = SlotEntry("n" * ENTRY_NAME_BYTES, content, pack_states(state_pairs(inspect(content))))
    board = PosixBoard(app, [entry], folder)
    try:
        device = board.device()
        device.hello()
        device.load(entry.hash)
    except ModelRejected as error:
        return error.what
    finally:
        board.stop()
    return ""


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_lint_leaves_alone_is_taken(app: Path, tmp_path: Path, name: str) -> None:
    assert not list(model_bounds_exceeded(inspect(TAKEN[name])))
    assert device_takes(app, tmp_path, TAKEN[name]) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_lint_finds_is_refused(app: Path, tmp_path: Path, name: str) -> None:
    (finding,) = model_bounds_exceeded(inspect(REFUSED[name]))
    assert finding.remedy
    assert device_takes(app, tmp_path, REFUSED[name])
