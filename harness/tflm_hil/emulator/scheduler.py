"""Events on virtual time, in the order of their cycle, then of their scheduling."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class ScheduledEvent:
    """One callback at one cycle."""

    __slots__ = ("at_cycles", "callback", "order")

    def __init__(self, at_cycles: int, order: int, callback: Callable[[], None] | None) -> None:
        self.at_cycles = at_cycles
        self.order = order
        self.callback = callback

    def cancel(self) -> None:
        """Never run it (or never again); harmless at any time."""
        self.callback = None

    def __lt__(self, other: ScheduledEvent) -> bool:
        return (self.at_cycles, self.order) < (other.at_cycles, other.order)


class Scheduler:
    """A queue of events. It has no clock of its own: the machine says what time it is."""

    def __init__(self) -> None:
        self._queue: list[ScheduledEvent] = []
        self._order = 0

    def schedule(self, at_cycles: int, callback: Callable[[], None]) -> ScheduledEvent:
        """Run `callback` at `at_cycles`, after those already scheduled for the same cycle."""
        self._order += 1
        event = ScheduledEvent(at_cycles, self._order, callback)
        heapq.heappush(self._queue, event)
        return event

    def next_cycles(self) -> int | None:
        """When the next event is due, or None."""
        while self._queue and self._queue[0].callback is None:
            heapq.heappop(self._queue)
        return self._queue[0].at_cycles if self._queue else None

    def run_due(self, cycles: int) -> bool:
        """Run everything due at `cycles`, also what that schedules in turn. True if any ran."""
        ran = False
        while (due := self.next_cycles()) is not None and due <= cycles:
            event = heapq.heappop(self._queue)
            callback, event.callback = event.callback, None
            if callback is not None:
                ran = True
                callback()
        return ran
