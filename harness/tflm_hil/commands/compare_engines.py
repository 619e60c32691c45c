"""`hil compare-engines`: the same models on the same board, with each inference engine in turn.

    hil compare-engines DIR [DIR ...]       # finished TFLM trees; builtin is measured as well

For each engine the whole main job runs; then what it costs stands side by side: cycles, arena,
flash, stack, and how far its outputs are from desktop TFLM's. Where builtin is slower than an
engine, the operators that make the difference are named.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflm_hil.bench.firmware import firmware_under_test
from tflm_hil.bench.variants import slot_entry, variants
from tflm_hil.commands.engine_table import (
    NO_STATE,
    Carried,
    EngineResult,
    StateBetweenCalls,
    markdown,
    render,
)
from tflm_hil.commands.say import say
from tflm_hil.drift.long_sequence import long_sequence
from tflm_hil.errors import HilError
from tflm_hil.files import write_text
from tflm_hil.firmware_build.tflm_tree import inspect_tree
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.tflite.inspect import Operator, Subgraph
from tflm_hil.models.tflite.schema import load_schema, operator_names
from tflm_hil.models.tflite.variables import KEEPING
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.progress import ConsoleProgress
from tflm_hil.run.interruption import asked_to_end
from tflm_hil.run.run import Run
from tflm_hil.run.select import select
from tflm_hil.vocabulary import Engine

_INVOKES = 40  # enough for state to show in eight bits
# Their cycles include those of the subgraphs that they call.
_CALLERS = frozenset({"WHILE", "IF", "CALL_ONCE"})


def compare_engines(config: RunConfig, trees: list[Path], expression: str = "") -> int:
    """Measure builtin and each tree, print and write the tables. 0 if every verdict is pass.

    `expression` chooses variants. Raises TflmTreeInvalid for a tree that does not fit, before
    anything is measured, and ConfigurationError if nothing is chosen.
    """
    spec = config.spec
    for given in trees:
        inspect_tree(given, spec.core)
    console = Console()
    results: list[EngineResult] = []
    for tree in (None, *trees):
        engine = replace(
            config,
            engine=Engine.BUILTIN if tree is None else Engine.TFLM,
            tflm_root=tree,
            firmware=None,
            resume="never",
        )
        reference = results[0] if results else None
        measured = _measure(engine, console, expression, reference)
        results.append(replace(measured, label=_label(measured.record, results)))
    text = render(results)
    print(text)
    path = config.report_dir / f"{results[-1].record.run_id}-engines.md"
    write_text(path, markdown(results))
    say(f"written: {path}")
    return 0 if all(result.record.verdict is Verdict.PASS for result in results) else 1


def _measure(
    config: RunConfig, console: Console, expression: str, reference: EngineResult | None
) -> EngineResult:
    wanted = select(variants(config), expression)
    progress = ConsoleProgress(console)
    operators = {}
    state = {}
    flash_bytes = 0
    used_only = None
    with asked_to_end() as asked:
        run = Run(config, progress, wanted)
        try:
            for variant in wanted:
                with suppress(HilError):  # it is in the record
                    run.measured(variant)
                    operators[variant.id] = _profile(run, variant)
                    state[variant.id] = _state(
                        run, variant, None if reference is None else reference.state.get(variant.id)
                    )
            flash_bytes = run.bench.image.flash_bytes
            if config.engine == Engine.TFLM:
                small = replace(config, tflm_operators="used")
                used_only = firmware_under_test(small, run.bench.board.spec, progress).flash_bytes
        except KeyboardInterrupt:
            run.finish(interrupted=asked.by)
            raise
        except HilError:
            run.finish()
            raise
        record = run.finish()
    return EngineResult("", record, operators, state, flash_bytes, used_only)


def _profile(run: Run, variant: Variant) -> dict[str, int]:
    """Cycles of one inference by operator."""
    names = operator_names(load_schema())
    device = run.bench.load(slot_entry(variant))
    assert device.model is not None
    (sequence,) = sequence_bytes(variant.load_samples().first(1).inputs, device.model)
    device.profile(True)
    device.step(sequence[: device.model.input_bytes])  # of a sequence of many the first
    entries = device.read_profile().entries
    device.profile(False)
    cycles: Counter[str] = Counter()
    for entry in entries:
        name = names[entry.builtin_code]
        if name not in _CALLERS:
            cycles[name] += entry.cycles
    return dict(cycles)


def _state(run: Run, variant: Variant, reference: StateBetweenCalls | None) -> StateBetweenCalls:
    """What becomes of the variant's state between two calls: Invokes in a row, and each from a
    reset. `reference` is what our own engine does, whose state is desktop TFLM's; None for itself.
    """
    device = run.bench.load(slot_entry(variant))
    model = device.model
    assert model is not None
    if not model.state_bytes:
        return NO_STATE
    inputs = long_sequence(variant).inputs[:_INVOKES]
    sequence = sequence_bytes(inputs[np.newaxis], model)[0]
    (in_a_row,) = device.stream([SequenceRequest(None, sequence)])
    size = model.input_bytes
    blocks = [sequence[start : start + size] for start in range(0, len(sequence), size)]
    alone = device.stream(SequenceRequest(None, block) for block in blocks)
    if in_a_row.outputs != b"".join(result.outputs for result in alone):
        return StateBetweenCalls(Carried.KEPT)
    if reference is None or reference.carried is not Carried.KEPT:
        return StateBetweenCalls(Carried.UNSEEN)
    graphs = variant.inspection().subgraphs
    keepers = {op.name for graph in graphs for op in graph.operators if _has_state(op, graph)}
    return StateBetweenCalls(Carried.WIPED, tuple(sorted(keepers)))


def _has_state(operator: Operator, graph: Subgraph) -> bool:
    return operator.name in KEEPING or any(
        index >= 0 and graph.tensors[index].variable for index in operator.inputs
    )


def _label(record: RunRecord, earlier: list[EngineResult]) -> str:
    if record.circumstances is None:
        return "not reached"
    firmware = record.circumstances.firmware
    own = firmware.engine == Engine.BUILTIN
    label = firmware.engine if own else f"{firmware.engine} {firmware.kernels}"
    taken = {result.label for result in earlier}
    return label if label not in taken else f"{label} {firmware.engine_version[-8:]}"
