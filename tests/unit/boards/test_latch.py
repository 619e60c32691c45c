"""A latched board is refused with the first reason."""

from __future__ import annotations

import pytest
from tflm_hil.boards.latch import BrokenBoards
from tflm_hil.errors import BoardLatchedBroken, LinkTimeout


def test_a_fresh_board_passes() -> None:
    BrokenBoards().check("nucleo-f746zg")


def test_a_broken_board_is_refused_with_its_first_reason() -> None:
    latch = BrokenBoards()
    latch.mark("nucleo-f746zg", LinkTimeout("silent for 5 s", remedy="reset it"))
    latch.mark("nucleo-f746zg", LinkTimeout("a later consequence"))
    with pytest.raises(BoardLatchedBroken, match="silent for 5 s") as caught:
        latch.check("nucleo-f746zg")
    assert caught.value.board == "nucleo-f746zg"
    assert "consequence" not in str(caught.value)
    latch.check("nucleo-f746zg-emulated")
