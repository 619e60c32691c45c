"""References computed beside the board's work: while it is flashed and streams, not after."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event, Thread

from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references import References, compute, compute_many
from tflm_hil.report.render.progress import Progress


class _Closed(Exception):
    """The run has ended: no further references are needed."""


class ReferencePool:
    """All references of a run, computed in the background from `start` on.

    In one process a framework, since starting one costs more than running it, and in the order in
    which the variants are wanted: each is there as soon as its own are computed.
    """

    def __init__(
        self, variants: Sequence[Variant], progress: Progress, *, limit: int | None = None
    ) -> None:
        self._progress = progress
        self._limit = limit
        self._variants = list(variants)
        self._references: dict[str, Future[References]] = {item.id: Future() for item in variants}
        self._closing = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start computing; harmless when it has begun."""
        if self._thread is None:
            self._thread = Thread(target=self._compute, name="references")
            self._thread.start()

    def get(self, variant: Variant) -> References:
        """What Keras, TFLite and desktop TFLM say to the run's sequences; waits for it.

        Raises ReferenceFailed.
        """
        awaited = self._references.get(variant.id)
        if awaited is None:
            return compute(variant, variant.load_samples().first(self._limit))
        self.start()
        if not awaited.done():
            self._progress.say("waiting for Keras, TFLite and desktop TFLM: they run once")
        return awaited.result()

    def close(self) -> None:
        """End what has been started: its workers must not outlive the run."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _compute(self) -> None:
        try:
            compute_many(self._variants, first=self._limit, arrived=self._arrived)
        except _Closed:
            pass
        except Exception as error:  # raised again where somebody waits
            for future in self._references.values():
                if not future.done():
                    future.set_exception(error)

    def _arrived(self, variant_id: str, result: References | ReferenceFailed) -> None:
        if isinstance(result, ReferenceFailed):
            self._references[variant_id].set_exception(result)
        else:
            self._references[variant_id].set_result(result)
        if self._closing.is_set():
            raise _Closed
