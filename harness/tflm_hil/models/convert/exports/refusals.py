"""What no conversion is tried for: combinations that crash, that TFLM cannot run, or that are
silently wrong.

Each was measured with the converter of TensorFlow 2.21; the reasons are in the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class RefusedError(ValueError):
    """Not converted on purpose; the message is `what` and a remedy, separated by a line break."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n{remedy}")


def check(model: Any, export: str, dtype: str) -> None:
    """Raise RefusedError if this model in this export and type is known not to come out right."""
    layers = list(_layers(model))
    for layer in layers:
        kind = type(layer).__name__
        masks = kind == "Masking" or getattr(layer, "mask_zero", False)
        if masks and export != "shift":
            raise RefusedError(
                f"layer {layer.name} makes a mask, and its operators (REDUCE_ANY) TFLM does not"
                " have",
                "use --export shift, which makes the mask of others; or pad in front and train"
                " without a mask",
            )
        if kind == "RepeatVector" and export == "step":
            raise RefusedError(
                f"layer {layer.name} is a RepeatVector: what comes after it begins when what comes"
                " before it has read its last step, which no single step does",
                "use --export shift, fused (LSTM) or unrolled",
            )
        if export == "loop" and getattr(layer, "return_sequences", False):
            raise RefusedError(
                f"layer {layer.name} has return_sequences=True: in Keras' own loop its outputs have"
                " shapes that are known only while it runs, and TFLM hangs in it or returns"
                " garbage, without an error (tflite-micro issue 3674)",
                "use --export shift, whose loop has static shapes, unrolled, or fused (LSTM)",
            )
    if export == "fused" and any(type(layer).__name__ == "Bidirectional" for layer in layers):
        raise RefusedError(
            "a fused bidirectional LSTM is wrong in int8 on TFLite and TFLM, and differently on"
            " each (23 to 37 LSB apart)",
            "use --export shift (int8) or unrolled",
        )
    if dtype == "int16x8":
        _check_int16(layers, export)


def _check_int16(layers: list[Any], export: str) -> None:
    if export == "fused":
        raise RefusedError(
            "the converter has no int16x8 form of the fused LSTM operator",
            "use --export step, or int8",
        )
    if export == "shift":
        raise RefusedError(
            "the int16x8 calibrator records no range for the variables of a loop",
            "use --export step, which is exact in int16x8 at any length, or int8",
        )
    for layer in layers:
        if export == "unrolled" and getattr(layer, "reset_after", False):
            raise RefusedError(
                f"layer {layer.name} is a GRU with reset_after=True: unrolled in int16x8 the"
                " converter shares one bias between steps whose input scales differ, and the"
                " results are silently wrong (0.09 where int8 has 0.03)",
                "use --export step, int8, or train with reset_after=False",
            )


def _layers(model: Any) -> Iterator[Any]:
    """All layers, those inside wrappers and nested models included."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        for inner in ("layer", "forward_layer", "backward_layer"):
            if hasattr(layer, inner):
                yield getattr(layer, inner)
