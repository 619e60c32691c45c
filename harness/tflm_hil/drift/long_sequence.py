"""A thousand steps of one variant's own samples, as one sequence: what drift is looked for on.

Only for variants that remember from Invoke to Invoke: a single-step model, whose states are fed
back, and a graph with variables (a fused LSTM, resource variables). The others start every Invoke
from zero, however long they run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import CorruptModel
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.tflite.layout import Layout, free_inputs
from tflm_hil.models.tflite.variables import keeps_state
from tflm_hil.models.zoo.manifest import Variant

STEPS = 1000

# One unit in the last place of a float32 in [2, 4): what rounding alone changes of a number, times
# the largest input.
PERTURBATION = 2.0**-22
PERTURBATION_SEED = 1


@dataclass(frozen=True)
class LongSequence:
    """`inputs` is `[Invokes, elements]`, each Invoke `rows` steps of time."""

    inputs: NDArray[np.float32]
    rows: int

    @property
    def invokes(self) -> int:
        """How often the model is run."""
        return len(self.inputs)

    @property
    def steps(self) -> int:
        """Steps of time, a thousand or the next multiple of the window."""
        return self.invokes * self.rows

    @property
    def perturbed(self) -> NDArray[np.float32]:
        """The same with every element moved by as much as rounding moves the largest."""
        return perturbed(self.inputs)


def perturbed(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every element moved, up or down, by as much as rounding moves the largest."""
    signs = np.random.default_rng(PERTURBATION_SEED).choice([-1.0, 1.0], inputs.shape)
    size = PERTURBATION * float(np.max(np.abs(inputs)))
    return (inputs + size * signs).astype(np.float32)


def carries_state(variant: Variant) -> bool:
    """Whether an Invoke of the variant depends on those before it."""
    try:
        model = variant.inspection()
    except CorruptModel:
        return False  # the device says why it refuses it
    return bool(variant.state_pairs()) or keeps_state(model)


def long_sequence(variant: Variant, steps: int = STEPS) -> LongSequence:
    """The samples of a variant one behind the other, from the first again where they end."""
    layout = _layout(variant)
    samples = variant.load_samples().inputs
    blocks = samples.reshape(-1, layout.size)
    rows = rows_of(variant)
    invokes = -(-steps // rows)
    return LongSequence(np.resize(blocks, (invokes, layout.size)).astype(np.float32), rows)


def rows_of(variant: Variant) -> int:
    """Steps of time that one Invoke takes: one, or those of its window."""
    return steps_of_variant(variant).count or 1


def _layout(variant: Variant) -> Layout:
    model = variant.inspection()
    return Layout.of([model.inputs[index] for index in free_inputs(model)])
