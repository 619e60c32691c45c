"""One variant, measured: loaded, streamed, timed, compared with the references."""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison import Ladder, RungOutputs, compare_ladder
from tflm_hil.comparison.align import aligned
from tflm_hil.link.device import Device
from tflm_hil.link.messages import LoadedModel
from tflm_hil.measure.device_outputs import device_outputs
from tflm_hil.measure.input_saturation import input_saturation
from tflm_hil.measure.judge import cycle_record, figures, not_finite_weights, set_aside
from tflm_hil.measure.meter import Reading, link_record
from tflm_hil.measure.reference_pool import ReferencePool
from tflm_hil.measure.step_by_step import every_step
from tflm_hil.measure.streaming import Streamed, context, sequence_bytes, stream
from tflm_hil.measure.time_steps import samples_are_steps
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.costs import CycleRecord, LinkRecord
from tflm_hil.report.journal import Journal
from tflm_hil.report.judgement import Failure, Measurement, Part, Rung, Verdict
from tflm_hil.report.records import InputSaturation
from tflm_hil.report.render.progress import Progress
from tflm_hil.vocabulary import RungName

BENCHMARK_INVOKES = 32
BENCHMARK_S = 1  # of the board's time


@dataclass(frozen=True)
class Measured:
    """What is known of a variant after its sequences went through the device.

    `tensors` are the device's outputs and states in the order of the model, of all sequences;
    `extras` are checks beside the ladder's and figures without a limit.
    """

    variant: Variant
    model: LoadedModel
    streamed: Streamed
    tensors: tuple[RungOutputs, ...]
    ladder: Ladder
    sequences_in_set: int
    cycles: CycleRecord
    link: LinkRecord
    stack_bytes: int
    extras: tuple[Measurement, ...]
    messages: tuple[str, ...]
    refusals: tuple[str, ...]
    input_saturation: tuple[InputSaturation, ...] = ()

    @property
    def outputs(self) -> RungOutputs:
        """The output that the ladder compares."""
        return self.tensors[0]

    @property
    def device_rung(self) -> Rung:
        """The device against desktop TFLM."""
        return self.ladder.rung(RungName.DEVICE)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The checks of the ladder, then all others, then costs."""
        return (*self.ladder.checks, *self.extras)

    @property
    def failure(self) -> Failure | None:
        """Where the error enters: in the ladder, or else in what is beside it."""
        if self.ladder.failure is not None:
            return self.ladder.failure
        broken = [item for item in self.extras if item.verdict is Verdict.FAIL]
        if not broken:
            return None
        order = list(RungName)
        first = min(broken, key=lambda item: order.index(item.rung or RungName.DEVICE))
        return Failure(first.rung or RungName.DEVICE, first)

    @property
    def verdict(self) -> Verdict:
        """Of the ladder and of what is beside it."""
        return Verdict.FAIL if self.failure is not None else self.ladder.verdict

    @property
    def sequences(self) -> int:
        """How many were streamed."""
        return len(self.streamed.blocks)

    @property
    def steps(self) -> int:
        """Invokes of all sequences together."""
        return int(self.streamed.cycles.size)


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
    BoardError, LinkError, DeviceError, ReferenceFailed, ComparisonError.
    """
    whole = variant.load_samples()
    samples = whole.first(limit)
    device = bench.load(slot_entry(variant))
    model = device.model
    assert model is not None
    references.start()
    sequences = sequence_bytes(samples.inputs, model)
    counted_by = bench.emulator.cycle_model() or bench.board.probe_uid
    start = Reading.take(device)
    streamed = stream(
        variant.id,
        sequences,
        device=device,
        model=model,
        digest=context(bench.image.build_id, counted_by, model, sequences),
        journal=journal,
        progress=progress,
        clock=bench.emulator.line_clock,
    )
    end = Reading.take(device)
    core_hz = bench.hello.core_clock_hz
    warm, cold = (benchmark(device, core_hz, cold=cold) for cold in (False, True))
    desktop = references.get(variant)
    wheel = desktop.references[RungName.TFLM].tensors
    tensors = device_outputs(streamed.blocks, model, wheel)
    limits = variant.limits_for(bench.hello.engine)
    judged = [item for item in limits if len(samples) == len(whole) or item.holds_for_a_part]
    ladder = compare_ladder(
        aligned({**desktop.rungs, RungName.DEVICE: tensors[0]}),
        samples.labels,
        judged,
        task=variant.task,
        stepwise=samples_are_steps(variant, samples),
        inputs=samples.inputs,
    )
    aside = [item for item in limits if item not in judged]
    clock = bench.circumstances().clock
    cycles = cycle_record(
        streamed.cycles, cold, warm, source=clock.cycle_source, modelled=clock.modelled
    )
    link = link_record(start, end, baud=device.baud, core_hz=clock.core_hz)
    stack_bytes = end.status.stack_high_water
    return Measured(
        variant=variant,
        model=model,
        streamed=streamed,
        tensors=tensors,
        ladder=ladder,
        sequences_in_set=len(whole),
        cycles=cycles,
        link=link,
        stack_bytes=stack_bytes,
        extras=(
            *not_finite_weights(variant.inspection()),
            *every_step(tensors, wheel, model, limits),
            *set_aside(ladder, aside, Part(len(samples), len(whole))),
            *figures(cycles, model, stack_bytes, link),
        ),
        messages=_printed(device),
        refusals=desktop.refusals,
        input_saturation=input_saturation(variant.inspection(), samples.inputs),
    )


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
