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
    graph = getattr(model, "_functional", model)
    if not hasattr(graph, "_nodes_by_depth"):
        return set()
    return {
        tensor._keras_history.operation.name for tensor in graph.inputs if _index(graph, tensor)
    }


def _index(graph: Any, tensor: Any) -> bool:
    takers = [
        node
        for nodes in graph._nodes_by_depth.values()
        for node in nodes
        if not node.is_input and any(x is tensor for x in node.input_tensors)
    ]
    return bool(takers) and all(_looks_up(node, tensor) for node in takers)


def _looks_up(node: Any, tensor: Any) -> bool:
    layer = node.operation
    if isinstance(layer, keras.layers.Embedding):
        return True
    inside = getattr(layer, "_functional", layer)
    if not isinstance(layer, keras.Model) or not hasattr(inside, "_nodes_by_depth"):
        return _mask(node)
    places = [number for number, x in enumerate(node.input_tensors) if x is tensor]
    return all(_index(inside, inside.inputs[place]) for place in places)


def _mask(node: Any) -> bool:
    """Whether an operation is what Keras makes of `mask_zero`."""
    return type(node.operation).__name__ == "NotEqual"
