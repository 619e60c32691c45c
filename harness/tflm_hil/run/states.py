"""What a report says of a model's states: what is fed back, what the model keeps, what is only
suspected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tflm_hil.errors import ConfigurationError, CorruptModel
from tflm_hil.models.tflite.states import StatePair, suspected_pairs
from tflm_hil.models.tflite.variables import variables
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.records import StateRecord
from tflm_hil.vocabulary import StateKeeper


def state_records(variant: Variant) -> tuple[StateRecord, ...]:
    """Nothing for a file that cannot be read: its error says why."""
    try:
        return tuple(_records(variant))
    except (CorruptModel, ConfigurationError):
        return ()


def _records(variant: Variant) -> Iterator[StateRecord]:
    model = variant.inspection()
    yield from (_pair(pair, StateKeeper.CALLER) for pair in variant.state_pairs())
    yield from (_pair(pair, StateKeeper.NOBODY) for pair in suspected_pairs(model))
    yield from (StateRecord(item.name, item.keeper, item.bytes) for item in variables(model))


def _pair(pair: StatePair, keeper: StateKeeper) -> StateRecord:
    width = np.dtype(pair.input_quantization.dtype).itemsize
    return StateRecord(
        name=pair.name,
        keeper=keeper,
        bytes=math.prod(pair.shape) * width,
        basis=pair.basis,
        input=pair.input,
        output=pair.output,
        output_name=pair.output_name,
    )
