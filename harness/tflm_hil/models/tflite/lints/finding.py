"""What a lint says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.vocabulary import Severity


@dataclass(frozen=True)
class Finding:
    """One finding: `code` names the lint, `sentence` the thing and the place, `remedy` the way out.

    `subgraph` and `operator` are indices in the flatbuffer, -1 where none is meant.
    """

    code: str
    severity: Severity
    sentence: str
    remedy: str
    subgraph: int = -1
    operator: int = -1

    def __str__(self) -> str:
        return f"{self.severity}: {self.code}: {self.sentence}\n  → {self.remedy}"


Lint = Callable[[Inspection], Iterator[Finding]]


def place(graph: Subgraph, operator: Operator) -> str:
    """An operator as people find it again."""
    where = "" if graph.index == 0 else f" of subgraph {graph.index} ({graph.name})"
    return f"{operator.name} #{operator.index}{where}"


def inputs_of(graph: Subgraph, operator: Operator) -> list[Tensor | None]:
    """Its input tensors, None where one is left out."""
    return [graph.tensors[index] if index >= 0 else None for index in operator.inputs]


def outputs_of(graph: Subgraph, operator: Operator) -> list[Tensor]:
    """Its output tensors."""
    return [graph.tensors[index] for index in operator.outputs if index >= 0]
