"""Inputs that are looked up in a table, whatever type Keras gives them.

`keras.Input((12,))` is float32 unless somebody says otherwise, and an Embedding behind it takes its
numbers for indices. On an integer scale they would be neighbours of what they are.
"""

from __future__ import annotations

from typing import Any

import keras


def index_inputs(model: Any) -> set[str]:
    """The names of the inputs that go into Embedding layers and nowhere else, through models inside
    the model.
    """
    return set(table_rows(model))


def table_rows(model: Any) -> dict[str, int]:
    """The rows of the smallest table that each of these inputs is looked up in."""
    graph = getattr(model, "_functional", model)
    if not hasattr(graph, "_nodes_by_depth"):
        return {}
    found = {}
    for tensor in graph.inputs:
        rows = _rows(graph, tensor)
        if rows:
            found[str(tensor._keras_history.operation.name)] = min(rows)
    return found


def _rows(graph: Any, tensor: Any) -> list[int]:
    """Of each Embedding that takes a tensor; none, if anything else does."""
    found: list[int] = []
    for nodes in graph._nodes_by_depth.values():
        for node in nodes:
            if node.is_input or not any(x is tensor for x in node.input_tensors) or _mask(node):
                continue
            rows = _looked_up(node, tensor)
            if not rows:
                return []
            found += rows
    return found


def _looked_up(node: Any, tensor: Any) -> list[int]:
    layer = node.operation
    if isinstance(layer, keras.layers.Embedding):
        return [int(layer.input_dim)]
    inside = getattr(layer, "_functional", layer)
    if not isinstance(layer, keras.Model) or not hasattr(inside, "_nodes_by_depth"):
        return []
    found: list[int] = []
    for number, x in enumerate(node.input_tensors):
        if x is tensor:
            rows = _rows(inside, inside.inputs[number])
            if not rows:
                return []
            found += rows
    return found


def _mask(node: Any) -> bool:
    """Whether an operation is what Keras makes of `mask_zero`."""
    return type(node.operation).__name__ == "NotEqual"
