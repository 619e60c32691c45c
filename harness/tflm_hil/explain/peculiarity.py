"""What libraries of TensorFlow Lite Micro are known to do differently from the desktop wheel.

    where = touched(variant.inspection())
    where[Peculiarity.FORGETFUL_LSTM]      # the operators of a model that it can show in

None of it is a mistake of the model. `tflm_hil.explain.imitation` finds out whether it is at work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.report.mistakes import FactorsRounded

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
INTEGERS = ("int8", "int16")
MULTIPLIER_BITS = 31  # of a quantised factor
# Inputs of the fused LSTM: weights of the gates, and the state that they are multiplied with.
_LSTM_GATES = (*((0, gate) for gate in range(1, 5)), *((18, gate) for gate in range(5, 9)))
_LSTM_GATE_SCALE = 2.0**-12  # of the sums that go into a gate


class Peculiarity(StrEnum):
    """As firmware/engine/builtin/imitation.h calls it."""

    SINGLE_PRECISION = "single-precision"
    FORGETFUL_LSTM = "forgetful-lstm"


@dataclass(frozen=True)
class Factor:
    """A factor that an operator makes of scales, in double precision and with every product and
    quotient of scales rounded to single.
    """

    operator: str
    exact: float
    rounded: float

    @property
    def shows(self) -> bool:
        """Whether the integers that kernels multiply with are not the same."""
        return _quantised(self.exact) != _quantised(self.rounded)

    @property
    def change(self) -> float:
        """Relative."""
        return abs(self.rounded / self.exact - 1.0)


def touched(model: Inspection) -> Mapping[Peculiarity, tuple[str, ...]]:
    """The names of the operators in which each could show; without those that cannot."""
    forgetful = any(_is_forgetful(op, graph) for graph in model.subgraphs for op in graph.operators)
    rounded = tuple(dict.fromkeys(factor.operator for factor in factors(model) if factor.shows))
    found = {
        Peculiarity.FORGETFUL_LSTM: (LSTM,) if forgetful else (),
        Peculiarity.SINGLE_PRECISION: rounded,
    }
    return {peculiarity: names for peculiarity, names in found.items() if names}


def rounded_factors(model: Inspection) -> FactorsRounded | None:
    """The operators whose factors change when they are rounded; None if there are none."""
    changed = [factor for factor in factors(model) if factor.shows]
    if not changed:
        return None
    worst = max(changed, key=lambda factor: factor.change)
    names = tuple(dict.fromkeys(factor.operator for factor in changed))
    return FactorsRounded(names, worst.operator, worst.exact, worst.rounded)


def factors(model: Inspection) -> Iterator[Factor]:
    """All that trees are known to round, of integer operators quantised as a whole."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            yield from _factors(operator, graph)


def _factors(operator: Operator, graph: Subgraph) -> Iterator[Factor]:
    tensors = [graph.tensors[index] if index >= 0 else None for index in operator.inputs]
    output = graph.tensors[operator.outputs[0]] if operator.outputs else None
    if output is None or not tensors or tensors[0] is None or tensors[0].type not in INTEGERS:
        return
    scales = [0.0 if tensor is None else _scale(tensor) for tensor in tensors]
    for exact, rounded in _pairs(operator, scales, _scale(output)):
        if exact > 0.0 and rounded > 0.0 and math.isfinite(exact) and math.isfinite(rounded):
            yield Factor(operator.name, exact, rounded)


def _pairs(operator: Operator, scales: list[float], output: float) -> Iterator[tuple[float, float]]:
    """Each factor in double precision, and as rounded."""
    if operator.name == LSTM:
        for state, weights in _LSTM_GATES:
            if max(state, weights) < len(scales):
                product = scales[state], scales[weights]
                yield _product(*product) / _LSTM_GATE_SCALE, _product32(*product) / _LSTM_GATE_SCALE
        return
    if not output or not all(scales[: 2 if operator.name in _TWO else 1]):
        return
    if operator.name in ("FULLY_CONNECTED", "BATCH_MATMUL"):
        yield _product(*scales[:2]) / output, _product32(*scales[:2]) / output
    elif operator.name == "SUB":
        twice = 2.0 * max(scales[:2])
        yield from ((scale / twice, _over32(scale, twice)) for scale in scales[:2])
        yield twice / output, _over32(twice, output)
    elif operator.name == "DIV":
        unit = scales[1], output
        yield scales[0] / _product(*unit), _over32(scales[0], _product32(*unit))
    elif operator.name in ("ABS", "RELU", "LEAKY_RELU"):
        yield scales[0] / output, _over32(scales[0], output)
        if alpha := abs(float(operator.options.get("alpha", 0.0))):
            product = scales[0], alpha
            yield _product(*product) / output, _over32(_product32(*product), output)


_TWO = ("FULLY_CONNECTED", "BATCH_MATMUL", "SUB", "DIV")


def _is_forgetful(operator: Operator, graph: Subgraph) -> bool:
    if operator.name != LSTM or not operator.inputs or operator.inputs[0] < 0:
        return False
    return graph.tensors[operator.inputs[0]].type in INTEGERS


def _scale(tensor: Tensor) -> float:
    """0 for one quantised by channels, or not at all."""
    return tensor.scale


def _product(a: float, b: float) -> float:
    return a * b


def _product32(a: float, b: float) -> float:
    with np.errstate(all="ignore"):  # a damaged file may hold any scale
        return float(np.float32(a) * np.float32(b))


def _over32(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float32(a) / np.float32(b))


def _quantised(factor: float) -> tuple[int, int]:
    """Multiplier and exponent, as kernels round a factor."""
    fraction, exponent = math.frexp(factor)
    return round(fraction * 2**MULTIPLIER_BITS), exponent
