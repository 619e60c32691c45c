"""Single-step models without a converter: one layer is enough to feed a state back.

`adder()` computes `h_next = h + x` and, as its output, `y = h_next + h_next`, in int8 or float32.
The two ends of the state may have scales of their own; the tensors are in an order that is not
the signature's.
"""

from __future__ import annotations

from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.slot.slot_aux import pack_states
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import state_pairs

from tests.support.graph_builder import ModelBuilder

FEATURES = 3


def adder(dtype: str = "int8", *, next_scale: float = 0.5, next_zero_point: int = -2) -> bytes:
    """The model; `next_…` quantise `h_next`, whose input has scale 0.5 and zero point -2."""
    model = ModelBuilder()
    main = model.graph()
    shape = (1, FEATURES)
    if dtype == "float32":
        h, x = main.tensor("h", shape), main.tensor("x", shape)
        following, y = main.tensor("h_next", shape), main.tensor("y", shape)
    else:
        h = main.tensor("h", shape, dtype, scale=0.5, zero_point=-2)
        x = main.tensor("x", shape, dtype, scale=0.25, zero_point=5)
        following = main.tensor(
            "h_next", shape, dtype, scale=next_scale, zero_point=next_zero_point
        )
        y = main.tensor("y", shape, dtype, scale=1.0, zero_point=1)
    main.operator("ADD", [h, x], [following], "Add", potScaleInt16=False)
    main.operator("ADD", [following, following], [y], "Add", potScaleInt16=False)
    main.finish(inputs=[h, x], outputs=[following, y])
    model.signature({"x": x, "h": h}, {"y": y, "h_next": following})
    return model.content()


def passer() -> bytes:
    """uint8: `h_next` has the bytes of `x` and `y` those of `h`, on scales that all differ."""
    model = ModelBuilder()
    main = model.graph()
    shape = (1, FEATURES)
    h, x, following, y = (
        main.tensor(name, shape, "uint8", scale=scale, zero_point=zero)
        for name, scale, zero in (
            ("h", 0.5, 120), ("x", 0.25, 128), ("h_next", 0.375, 7), ("y", 0.5, 120),
        )
    )  # fmt: skip
    size = main.tensor("size", (2,), "int32", data=list(shape))
    main.operator("RESHAPE", [x, size], [following], "Reshape")
    main.operator("RESHAPE", [h, size], [y], "Reshape")
    main.finish(inputs=[h, x], outputs=[following, y])
    model.signature({"x": x, "h": h}, {"y": y, "h_next": following})
    return model.content()


def entry(name: str, content: bytes) -> SlotEntry:
    """The model with its states, as a run deploys it."""
    return SlotEntry(name, content, pack_states(state_pairs(inspect(content))))
