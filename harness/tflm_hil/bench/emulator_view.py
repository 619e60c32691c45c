"""What only an emulated board can tell: its findings, its clock, its cycle model, its death."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflm_hil.boards.provider import AcquiredBoard
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.client import DebugPortClient
from tflm_hil.errors import EmulatorError

if TYPE_CHECKING:
    from tflm_hil.emulator.outside.process import EmulatorProcess

DYING_S = 0.3  # a dying emulator's tty and socket close a moment before the process is gone


class EmulatorView:
    """Asks the emulator of `board`; on real hardware, and on a dead board, there is no answer."""

    def __init__(self, board: AcquiredBoard) -> None:
        self._board = board

    def state(self) -> dict[str, Any]:
        """The emulator's own figures; empty if there is no answer."""
        return self._ask({"get": "state"})

    def findings(self) -> tuple[str, ...]:
        """What the firmware did that would fail on silicon, so far."""
        findings = self.state().get("findings", ())
        return tuple(f"{finding['rule']}: {finding['sentence']}" for finding in findings)

    def forget_findings(self) -> None:
        """What was found up to now was not the fault of the firmware under test."""
        self._ask({"set": "clear_findings"})

    def line_clock(self) -> float:
        """Seconds in which the line is paced: an emulated board's own, else wall time."""
        state = self.state()
        return float(state["virtual_seconds"]) if state else time.monotonic()

    def cycle_model(self) -> str:
        """Id of the model that cycle counts come from; empty on real hardware."""
        return str(self.state().get("cycle_model", ""))

    def obituary(self) -> EmulatorError | None:
        """If the emulator was started here and its process has ended: that, with its last words."""
        emulator = self._board.emulator
        if emulator is None or not _has_ended(emulator):
            return None
        said = emulator.last_words().splitlines()
        return EmulatorError(
            f"the emulated board {emulator.uid} (process {emulator.pid}) has ended while it was "
            "in use" + (f"; its last words: {said[-1]}" if said else ""),
            remedy="look for who stopped it, or why it died; the next run starts a new one",
            board=self._board.spec.id,
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if not self._board.spec.is_emulated:
            return {}
        entry = registry.find(self._board.probe_uid)
        if entry is None:
            return {}
        try:
            with DebugPortClient(Path(entry.socket)) as port:
                return dict(port.control(request))
        except EmulatorError:
            return {}


def _has_ended(emulator: EmulatorProcess) -> bool:
    deadline = time.monotonic() + DYING_S
    while emulator.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
