"""A Keras model as a chain of recurrent layers and plain functions between them.

The single step needs to know where the recurrence is. Branches, several inputs and layers that
need the whole window have no such form and are refused by name.
"""

from __future__ import annotations

from typing import Any

from tflm_hil.models.convert.exports.links import Both, Link, Plain, Recurrent, link_of

__all__ = ["Both", "Link", "Plain", "Recurrent", "read_chain"]


def read_chain(model: Any) -> tuple[Link, ...]:
    """The links of a Sequential model, or of a functional one without branches.

    Raises ValueError naming the layer that has no place in a chain.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("the model has several inputs or outputs; this export takes one of each")
    for before, layer in zip([None, *layers], layers, strict=False):
        _check_single_path(layer, before)
    links = tuple(_link(layer) for layer in layers)
    if not any(isinstance(link, Recurrent | Both) for link in links):
        raise ValueError("the model has no recurrent layer; convert it with the export unrolled")
    return links


def _check_single_path(layer: Any, before: Any) -> None:
    nodes = [node for node in layer._inbound_nodes if node.parent_nodes] if before else []
    for node in nodes[-1:]:
        if len(node.arguments.args) > 1:
            raise ValueError(
                f"layer {layer.name} takes more than the output of the layer before; only a chain"
                " of layers has this export"
            )
        parents = [parent.operation.name for parent in node.parent_nodes]
        if parents != [before.name]:
            raise ValueError(
                f"layer {layer.name} takes {', '.join(parents)}; only a chain of layers, each fed"
                f" by the one before ({before.name}), has this export"
            )


def _link(layer: Any) -> Link:
    kind = type(layer).__name__
    if kind == "RepeatVector":
        raise ValueError(
            f"layer {layer.name} is a RepeatVector: what comes after it begins when what comes"
            " before it has read its last step"
        )
    if kind == "Masking" or getattr(layer, "mask_zero", False):
        raise ValueError(f"layer {layer.name} makes a mask: who feeds steps leaves padding out")
    link = link_of(layer)
    if isinstance(link, Recurrent) and link.gives_state:
        raise ValueError(f"layer {layer.name} has return_state=True: its state leaves the chain")
    return link
