"""One variant, measured: loaded, streamed, timed, compared with the references."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison import LadderResult, RungDelta, compare_ladder
from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.metrics import Task
from tflm_hil.link.device import Device
from tflm_hil.link.messages import LoadedModel
from tflm_hil.measure.judge import cycle_record, set_aside, variant_record
from tflm_hil.measure.meter import Reading, link_record
from tflm_hil.measure.reference_pool import ReferencePool
from tflm_hil.measure.step_by_step import by_output, every_step
from tflm_hil.measure.streaming import Streamed, sequence_bytes, stream
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.journal import Journal
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.progress import Progress

BENCHMARK_INVOKES = 32
BENCHMARK_S = 1  # of the board's time


@dataclass(frozen=True)
class Measured:
    """What is known of a variant after its sequences went through the device.

    `outputs` are real numbers `[sequences, outputs]`, or `[sequences, steps, outputs]` for a
    model that is run step by step.
    """

    variant: Variant
    model: LoadedModel
    streamed: Streamed
    outputs: NDArray[np.float32]
    ladder: LadderResult
    record: VariantRecord

    @property
    def device_rung(self) -> RungDelta:
        """The device against desktop TFLM."""
        return self.ladder.rung("device")


def measure(
    variant: Variant,
    *,
    bench: Bench,
    journal: Journal,
    references: ReferencePool,
    progress: Progress,
    limit: int | None = None,
) -> Measured:
    """Measure `variant` on the first `limit` test sequences (None: all).

    The references are started when the device has taken the model, and waited for last. Raises
    BoardError, LinkError, DeviceError, ReferenceFailed.
    """
    whole = variant.load_samples()
    samples = whole.first(limit)
    device = bench.load(slot_entry(variant))
    model = device.model
    assert model is not None
    references.start()
    sequences = sequence_bytes(samples.inputs, model)
    start = Reading.take(device)
    streamed = stream(
        variant.id,
        sequences,
        device=device,
        model=model,
        build_id=bench.image.build_id,
        journal=journal,
        progress=progress,
        clock=bench.emulator.line_clock,
    )
    end = Reading.take(device)
    core_hz = bench.hello.core_clock_hz
    warm, cold = (benchmark(device, core_hz, cold=cold) for cold in (False, True))
    found = references.get(variant)
    board = found.device_outputs(by_output(streamed.blocks, model)[0])
    limits = variant.limits_for(bench.hello.engine)
    judged = [limit for limit in limits if len(samples) == len(whole) or limit.holds_for_a_part]
    ladder = compare_ladder(
        aligned({**found.rungs, "device": board}),
        samples.labels,
        judged,
        task=cast(Task, variant.task),
    )
    aside = [limit for limit in limits if limit not in judged]
    part = f"on {len(samples)} of {len(whole)} sequences"
    clock = bench.circumstances().clock
    record = variant_record(
        variant,
        ladder,
        sequences=len(sequences),
        sequences_in_set=len(whole),
        steps=streamed.cycles.size,
        resumed=streamed.resumed,
        cycles=cycle_record(
            streamed.cycles, cold, warm, source=clock.cycle_source, modelled=clock.modelled
        ),
        model=model,
        stack_bytes=end.status.stack_high_water,
        link=link_record(start, end, baud=device.baud, core_hz=clock.core_hz),
        messages=_printed(device),
        more=(*every_step(streamed.blocks, model, found, limits), *set_aside(ladder, aside, part)),
    )
    record = replace(record, notes=(*record.notes, *found.refusals))
    return Measured(variant, model, streamed, board.values, ladder, record)


def _printed(device: Device) -> tuple[str, ...]:
    """What the engine printed, each text once; the next variant starts with none."""
    texts = tuple(dict.fromkeys(device.logs))
    device.logs.clear()
    return texts


def benchmark(device: Device, core_hz: int, *, cold: bool) -> tuple[int, ...]:
    """Cycles of repeated Invokes, from the same state: kernels may branch on their data.

    Fewer for a slow model: about `BENCHMARK_S` in all, and at least two.
    """
    device.reset_state()
    (first,) = device.benchmark(1, cold=cold)
    count = max(2, min(BENCHMARK_INVOKES, BENCHMARK_S * core_hz // max(first, 1)))
    device.reset_state()
    return device.benchmark(count, cold=cold)
