"""Obstacles and remedies in words: what a person reads who asked for an export and type."""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.models.convert.obstacles import PREFERRED, Change, Obstacle, ObstacleKind, Way

# Kind → what is said of one layer and of several, and what to change in the model.
WORDS: dict[ObstacleKind, tuple[str, str, str]] = {
    ObstacleKind.MASK: (
        "makes a mask, and its operators (REDUCE_ANY) TFLM does not have",
        "make masks, and their operators (REDUCE_ANY) TFLM does not have",
        "pad in front, so that the sequence ends at the last step, and train without a mask",
    ),
    ObstacleKind.MASK_INT16: (
        "makes a mask, and of its operators (GREATER, SELECT_V2) the converter has no int16x8 form",
        "make masks, and of their operators (GREATER, SELECT_V2) the converter has no int16x8 form",
        "pad in front, so that the sequence ends at the last step, and train without a mask",
    ),
    ObstacleKind.REPEATED: (
        "is a RepeatVector: what comes after it begins when what comes before it has read its last"
        " step, which no single step does",
        "are RepeatVectors: what comes after them begins when what comes before them has read its"
        " last step, which no single step does",
        "convert encoder and decoder as two models",
    ),
    ObstacleKind.LOOP_SEQUENCES: (
        "has return_sequences=True: in Keras' own loop its outputs have shapes that are known only"
        " while it runs, and TFLM hangs in it or returns garbage, without an error"
        " (tflite-micro issue 3674)",
        "have return_sequences=True: in Keras' own loop their outputs have shapes that are known"
        " only while it runs, and TFLM hangs in it or returns garbage, without an error"
        " (tflite-micro issue 3674)",
        "take the last step only, return_sequences=False",
    ),
    ObstacleKind.LOOP_IMAGES: (
        "reads images: in Keras' own loop their sequence has five dimensions or more, and TFLM's"
        " STRIDED_SLICE takes four",
        "read images: in Keras' own loop their sequences have five dimensions or more, and TFLM's"
        " STRIDED_SLICE takes four",
        "",
    ),
    ObstacleKind.LOOP_INTEGER: (
        "becomes a WHILE loop, in which the calibrator crashes (tensorflow issue 75140)",
        "become WHILE loops, in which the calibrator crashes (tensorflow issue 75140)",
        "",
    ),
    ObstacleKind.FUSED_INT16: (
        "would be the fused LSTM operator, of which the converter has no int16x8 form",
        "would be fused LSTM operators, of which the converter has no int16x8 form",
        "",
    ),
    ObstacleKind.SHIFT_INT16: (
        "becomes a loop, for whose variables the int16x8 calibrator records no range",
        "become loops, for whose variables the int16x8 calibrator records no range",
        "",
    ),
    ObstacleKind.UNROLLED_RESET_AFTER: (
        "runs a GRU cell with reset_after=True: unrolled in int16x8 the converter shares one bias"
        " between steps whose input scales differ, and the results are silently wrong (0.09 where"
        " int8 has 0.03)",
        "run GRU cells with reset_after=True: unrolled in int16x8 the converter shares one bias"
        " between steps whose input scales differ, and the results are silently wrong (0.09 where"
        " int8 has 0.03)",
        "train with reset_after=False",
    ),
    ObstacleKind.FAKE_QUANTISED: (
        "rounds as quantisation-aware training does (FakeQuant), and TFLM has no such operators",
        "round as quantisation-aware training does (FakeQuant), and TFLM has no such operators",
        "save the model without these layers, with the same weights: quantisation is made here,"
        " with --to int8 and --samples",
    ),
    ObstacleKind.KERAS_QUANTISED: (
        "was quantised by Keras, with operators that TFLM does not have",
        "were quantised by Keras, with operators that TFLM does not have",
        "save the model as it was before model.quantize(): quantisation is made here, with --to"
        " int8 and --samples",
    ),
}


def what(found: Sequence[Obstacle]) -> str:
    """All findings, each with the layers that it is about."""
    return "; ".join(_said(obstacle) for obstacle in found)


def remedy(way: Way, ways: Sequence[Way], change: Change | None) -> str:
    """What to do where `way` is blocked: the plan of `obstacles.plan`."""
    _, dtype = way
    same = [export for export, of in ways if of == dtype]
    if same:
        return f"use --export {either(same)}"
    parts = []
    if ways:
        to = next(item for item in PREFERRED if any(of == item for _, of in ways))
        exports = [export for export, of in ways if of == to]
        parts.append(f"use --to {to} --export {either(exports)}")
    if change is not None:
        changed = "; and ".join(dict.fromkeys(map(_fix, change.obstacles)))
        export, to = change.way
        option = f"--export {export}" if to == dtype else f"--to {to} --export {export}"
        parts.append(changed if change.way == way else f"{changed}; then use {option}")
    if not parts:
        return "replace the layer: no export takes this model in any type"
    nothing = f"no export takes this model in {dtype} as it is: " if ways else ""
    return nothing + "; or ".join(parts)


def _said(obstacle: Obstacle) -> str:
    if obstacle.kind is ObstacleKind.STRUCTURE:
        return obstacle.said
    one, several, _ = WORDS[obstacle.kind]
    names = obstacle.layers
    return f"layers {', '.join(names)} {several}" if len(names) > 1 else f"layer {names[0]} {one}"


def _fix(obstacle: Obstacle) -> str:
    return obstacle.fix if obstacle.kind is ObstacleKind.STRUCTURE else WORDS[obstacle.kind][2]


def either(options: Sequence[str]) -> str:
    """Several in words; "" for none."""
    *first, last = options or ("",)
    return f"{', '.join(first)} or {last}" if first else str(last)
