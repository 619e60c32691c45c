"""A peripheral's request to the DMA, and the stream that serves it: kept here and nowhere else.

The peripheral makes its requests; the controllers say who serves them; both look here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tflm_hil.emulator.peripherals.stream import FROM_MEMORY, TO_MEMORY, Stream
from tflm_hil.emulator.peripherals.usart_table import DmaRoute


class DmaRequest:
    """One request line, named as in the manual ("USART3_RX").

    `register` is the address of the data register behind it. `settle` moves everything that is
    due by now; `changed` is called after another stream, or none, serves the request.
    """

    def __init__(
        self,
        name: str,
        register: int,
        routes: Sequence[DmaRoute],
        *,
        settle: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.register = register
        self.routes = tuple(routes)
        self.direction = TO_MEMORY if name.endswith("RX") else FROM_MEMORY
        self.settle = settle
        self._changed = changed
        self._stream: Stream | None = None

    @property
    def stream(self) -> Stream | None:
        """The enabled stream that serves the request."""
        stream = self._stream
        return stream if stream is not None and stream.active else None

    def release(self, stream: Stream) -> None:
        """A stream that has ended is about to start anew, perhaps for another request."""
        if self._stream is stream:
            self._stream = None

    def serve(self, stream: Stream | None) -> None:
        """From now on `stream` serves it, or none does."""
        self.settle()
        self._stream = stream
        self._changed()
