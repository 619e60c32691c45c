"""References computed beside the board's work: while it is flashed and streams, not after."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from harness.errors import ReferenceFailed
from harness.models.manifest import Variant
from harness.models.samples import Samples
from harness.references import References, compute, compute_many
from harness.report.progress import Progress

Found = dict[str, References | ReferenceFailed]


class ReferencePool:
    """All references of a run, computed in the background from `start` on.

    Together, since starting a framework costs more than running it.
    """

    def __init__(
        self, variants: Sequence[Variant], progress: Progress, *, limit: int | None = None
    ) -> None:
        self._progress = progress
        self._limit = limit
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="references")
        self._variants = list(variants)
        self._found: Future[Found] | None = None

    def start(self) -> None:
        """Start computing; harmless when it has begun."""
        if self._found is None:
            self._found = self._executor.submit(self._compute, self._variants)

    def get(self, variant: Variant) -> References:
        """What Keras, TFLite and desktop TFLM say to the run's sequences; waits for it.

        Raises ReferenceFailed.
        """
        if variant not in self._variants:
            return compute(variant, self._samples(variant))
        self.start()
        assert self._found is not None
        if not self._found.done():
            self._progress.say("waiting for Keras, TFLite and desktop TFLM: they run once")
        found = self._found.result()[variant.id]
        if isinstance(found, ReferenceFailed):
            raise found
        return found

    def close(self) -> None:
        """Wait for what has been started: its workers must not outlive the run."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _compute(self, variants: list[Variant]) -> Found:
        if self._limit is None:
            return compute_many(variants)
        found: Found = {}
        for variant in variants:
            found |= compute_many([variant], self._samples(variant))
        return found

    def _samples(self, variant: Variant) -> Samples:
        return variant.load_samples().first(self._limit)
