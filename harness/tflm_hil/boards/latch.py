"""A board found broken stays broken for the run.

After a fault that a reset did not cure, each further test would wait for its timeout only to say
the same. The latch remembers the first reason and refuses at once.
"""

from __future__ import annotations

from tflm_hil.errors import BoardLatchedBroken, HilError


class BrokenBoards:
    """The boards of this run that are not tried again, with the reason each."""

    def __init__(self) -> None:
        self._reasons: dict[str, HilError] = {}

    def mark(self, board: str, reason: HilError) -> None:
        """Latch `board`; a second reason does not replace the first, which is the cause."""
        self._reasons.setdefault(board, reason)

    def reason(self, board: str) -> HilError | None:
        """Why the board is latched, or None."""
        return self._reasons.get(board)

    def check(self, board: str) -> None:
        """Raises BoardLatchedBroken if the board was found broken earlier in this run."""
        reason = self.reason(board)
        if reason is not None:
            raise BoardLatchedBroken(
                f"not tried again in this run: {str(reason).splitlines()[0]}",
                cause=reason,
                remedy="see the first error of this board; power-cycle it and run again",
                board=board,
            )
