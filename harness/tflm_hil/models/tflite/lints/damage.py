"""Graphs that do not hold together: what a damaged file looks like where it can still be read."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.models.tflite.inspect import Inspection, Subgraph
from tflm_hil.models.tflite.lints.finding import Finding
from tflm_hil.vocabulary import Severity

_REMEDY = "convert the model again or restore the file"


def damaged_graph(model: Inspection) -> Iterator[Finding]:
    """What the builtin engine refuses at LOAD as damaged: a tensor that is read before it is made,
    made twice or never, and outputs of which none is computed.
    """
    for graph in model.subgraphs:
        for words, operator in _faults(graph):
            yield Finding("damaged-graph", Severity.ERROR, words, _REMEDY, graph.index, operator)
            break  # what follows from the first fault is no news
    main = model.subgraphs[0] if model.subgraphs else None
    if main and main.operators and not _computes(main):
        what = "every output of the model is an input or a constant" if main.outputs else (
            "the model has no output"
        )  # fmt: skip
        yield Finding(
            "damaged-graph", Severity.ERROR,
            f"{what}: nothing that it computes is seen", _REMEDY, 0,
        )  # fmt: skip


def _faults(graph: Subgraph) -> Iterator[tuple[str, int]]:
    made = {tensor.index for tensor in graph.tensors if tensor.constant_bytes or tensor.variable}
    where = f"of subgraph {graph.index}"
    for index in graph.inputs:
        if index in made:
            yield f"input {_name(graph, index)} {where} is constant, state or listed twice", -1
        made.add(index)
    for operator in graph.operators:
        label = f"{operator.name} #{operator.index} {where}"
        for index in operator.inputs:
            if index >= 0 and index not in made:
                name = _name(graph, index)
                yield f"{label} reads {name}, which nothing has written", operator.index
        for index in operator.outputs:
            if index < 0:
                yield f"{label} writes a missing tensor", operator.index
            if index in made:
                yield f"{label} writes {_name(graph, index)} a second time", operator.index
            made.add(index)
    for index in graph.outputs:
        if index not in made:
            yield f"output {_name(graph, index)} {where} is made by no operator", -1


def _computes(graph: Subgraph) -> bool:
    given = set(graph.inputs)
    return any(
        index not in given and not graph.tensors[index].constant_bytes for index in graph.outputs
    )


def _name(graph: Subgraph, index: int) -> str:
    return graph.tensors[index].name or f"tensor {index}"
