"""More states, or more inputs and outputs, than the firmware has memory for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from tflm_hil.models.tflite.inspect import Inspection, Tensor
from tflm_hil.models.tflite.lints.finding import Finding
from tflm_hil.models.tflite.model_bounds import ModelBounds, model_bounds
from tflm_hil.models.tflite.origin import use_export
from tflm_hil.models.tflite.states import StatePair, state_pairs
from tflm_hil.vocabulary import ExportKind, Severity, StateBasis

ENTRY_NAME_BYTES = 24  # of a slot entry
# Fixed fields of the answer to LOAD (harness/tflm_hil/link/protocol.toml).
LOADED_BYTES, TENSOR_BYTES, DIM_BYTES, STATE_BYTES = 1 + 2 + 3 * 4 + 3, 17, 4, 16

# Of the types that are larger than a byte, an element's size.
ITEM_BYTES = {
    "int16": 2, "uint16": 2, "float16": 2, "int32": 4, "uint32": 4, "float32": 4,
    "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip


def model_bounds_exceeded(model: Inspection) -> Iterator[Finding]:
    """What the firmware refuses at LOAD, whatever the engine would make of it."""
    bounds = model_bounds()
    if bounds is None or not model.subgraphs:
        return
    for side, tensors in ("inputs", model.inputs), ("outputs", model.outputs):
        if len(tensors) > bounds.tensors:
            yield _finding(
                f"the model has {len(tensors)} {side}, and the firmware takes {bounds.tensors}",
                _inside(model, state_pairs(model))
                or f"join {side} to one tensor, and split it outside",
            )
            return
    pairs = state_pairs(model)
    if len(pairs) > bounds.states:
        what = f"{len(pairs)} states are fed back, and the firmware takes {bounds.states}"
        yield _finding(what, _inside(model, pairs))
    sizes = [_bytes(model.inputs[pair.input]) for pair in pairs]
    held = bounds.held_bytes(sizes)
    if held > bounds.state_bytes:
        largest = max(zip(sizes, pairs, strict=True), key=lambda item: item[0])
        yield _finding(
            f"the states that are fed back take {held:,} bytes, and the firmware has"
            f" {bounds.state_bytes:,} for them (the largest is {largest[1].name} with"
            f" {largest[0]:,})",
            _inside(model, pairs),
        )
    answer = _answer_bytes(model, len(pairs), bounds)
    if answer > bounds.frame_bytes:
        yield _finding(
            f"to describe {len(model.inputs)} inputs and {len(model.outputs)} outputs with their"
            f" names takes {answer:,} bytes, and a frame of the link has {bounds.frame_bytes:,}",
            "shorten the names of inputs and outputs",
        )


def _finding(sentence: str, remedy: str) -> Finding:
    return Finding("model-bounds", Severity.ERROR, sentence, remedy, 0)


def _inside(model: Inspection, pairs: Sequence[StatePair]) -> str:
    """States in the model itself are the engine's, whose arena is the only bound; "" for none."""
    if not pairs:
        return ""
    if all(pair.basis is StateBasis.SIGNATURE for pair in pairs):
        other = use_export(model, (ExportKind.SHIFT, ExportKind.UNROLLED, ExportKind.FUSED))
        if other:
            return f"use {other}: with the states inside of the model, the arena is the only bound"
    return (
        "keep the states inside the model, as variables or a loop over the sequence, where the"
        " arena is the only bound; or make them smaller and fewer"
    )


def _bytes(tensor: Tensor) -> int:
    return prod(tensor.shape) * ITEM_BYTES.get(tensor.type, 1)


def _answer_bytes(model: Inspection, states: int, bounds: ModelBounds) -> int:
    """The answer to LOAD in bytes, of an entry with a name of full length."""
    inputs = model.inputs if not states else [
        tensor for number, tensor in enumerate(model.inputs)
        if number not in {pair.input for pair in state_pairs(model)}
    ]  # fmt: skip
    tensors = (*inputs, *model.outputs)
    return (
        LOADED_BYTES
        + ENTRY_NAME_BYTES
        + states * STATE_BYTES
        + sum(
            TENSOR_BYTES
            + DIM_BYTES * len(tensor.shape)
            + min(bounds.name_bytes, len(tensor.name.encode("utf-8", "replace")))
            for tensor in tensors
        )
    )
