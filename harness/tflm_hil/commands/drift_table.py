"""`hil drift`: how far quantised single steps are from Keras after 10, 100 and 1,000 steps.

Desktop TFLM is the bit oracle of integers, so no board is needed. Beside the model as it is stands
what would come of it if its states were fed back as bytes, between scales that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tflm_hil.comparison.drift import drift
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.long_references import LongReferences, compute_long
from tflm_hil.drift.long_sequence import rows_of
from tflm_hil.errors import ConfigurationError, ReferenceFailed
from tflm_hil.models.tflite.states import untie_states
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.drifting import TrendKind
from tflm_hil.report.render.console import Console
from tflm_hil.vocabulary import ElementType, RungName
from tflm_hil.worker import WorkerError, run_worker

AT_STEPS = (10, 100, 1000)
WIDTH = 100  # columns where no terminal says how many there are


@dataclass(frozen=True)
class Row:
    """One variant: largest |Δ| against Keras in the first `AT_STEPS`, and the kind of its drift.

    `naive` is None where both ends of every state have one scale: bytes may be fed back as they
    are.
    """

    variant: str
    kind: TrendKind
    requantised: tuple[float, ...]
    naive: tuple[float, ...] | None


def quantised_steps(variants: Sequence[Variant]) -> list[Variant]:
    """Those that the table is about."""
    return [
        variant
        for variant in variants
        if variant.dtype != ElementType.FLOAT32
        and variant.keras is not None
        and variant.state_pairs()
        and rows_of(variant) == 1
    ]


def rows(variants: Sequence[Variant]) -> list[Row]:
    """One row a variant. Raises ReferenceFailed."""
    references = compute_long(variants)
    table = []
    naive = _naive(variants, references)
    for variant in variants:
        item = references[variant.id]
        if isinstance(item, ReferenceFailed):
            raise item
        if item.keras is None:
            raise ReferenceFailed(
                f"Keras cannot run {variant.id} over its long sequence: {item.without_keras}",
                remedy="choose other models",
            )
        keras, wheel = item.keras, item.tflm[0]
        fed_back = naive.get(variant.id)
        table.append(
            Row(
                variant.id,
                drift(RungName.TFLM, wheel, RungName.KERAS, keras).trend.kind,
                errors(wheel, keras),
                None if fed_back is None else errors(fed_back, keras),
            )
        )
    return table


def errors(outputs: RungOutputs, keras: RungOutputs) -> tuple[float, ...]:
    """Largest |Δ| in the first 10, 100 and 1,000 steps."""
    delta = np.abs(outputs.values.astype(np.float64) - keras.values)
    return tuple(float(np.max(delta[:, :steps])) for steps in AT_STEPS)


def show(table_rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    table.add_column("variant", no_wrap=True)
    for steps in AT_STEPS:
        table.add_column(f"{steps:,}", justify="right", no_wrap=True)
    table.add_column("drift", no_wrap=True)
    for steps in AT_STEPS:
        title = f"naive {steps:,}" if steps == AT_STEPS[0] else f"{steps:,}"
        table.add_column(title, justify="right", no_wrap=True)
    for row in table_rows:
        naive = ["="] * len(AT_STEPS) if row.naive is None else [f"{v:.2g}" for v in row.naive]
        table.add_row(row.variant, *(f"{v:.2g}" for v in row.requantised), row.kind, *naive)
    console.print("largest error of desktop TFLM against Keras in 10, 100 and 1,000 steps\n")
    console.print(table)
    console.print(
        "\nnaive: the state's bytes fed back as they are, between the scales that the converter"
        " gave them;\n= where both ends of every state have one scale"
    )


def print_table(variants: Sequence[Variant]) -> None:
    """The table of the quantised single steps among `variants`. Raises ConfigurationError."""
    chosen = quantised_steps(variants)
    if not chosen:
        raise ConfigurationError(
            "there is no quantised single step with its Keras model to look at",
            remedy="convert one with --export step, or name another folder",
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    show(rows(chosen), console)


def _naive(
    variants: Sequence[Variant], references: dict[str, LongReferences | ReferenceFailed]
) -> dict[str, RungOutputs]:
    """Outputs of those whose converter gave the two ends of a state scales that differ."""
    tied = [variant for variant in variants if untie_states(variant.content()) != variant.content()]
    arrays: dict[str, NDArray[np.float32]] = {}
    for number, variant in enumerate(tied):
        item = references[variant.id]
        if isinstance(item, ReferenceFailed):
            raise item
        arrays[str(number)] = item.sequence.inputs[np.newaxis]
    if not tied:
        return {}
    request = {"models": [str(variant.path) for variant in tied]}
    try:
        _, results = run_worker("tflm_hil.references.workers.naive", request, arrays)
    except WorkerError as failure:
        raise ReferenceFailed(
            f"desktop TFLM could not run the models with naive feedback: {failure}",
            remedy="look at the models with `hil inspect`",
        ) from failure
    return {
        variant.id: RungOutputs(results[str(number)][np.newaxis], per_step=True)
        for number, variant in enumerate(tied)
    }
