"""Why a conversion failed and what to do about it: the worker's end as a `ConversionError`."""

from __future__ import annotations

import re

from tflm_hil.errors import ConversionError
from tflm_hil.worker import WorkerError

# Of a message that fills pages: how many lines are kept, and how many characters of each.
SHORT = 4
LINE = 300

# How the converter names an operator of TensorFlow that TFLite has no kernel for.
FOREIGN = re.compile(r"'?tf\.(\w+)'? op is neither|\bFlex(\w+)|tf\.(\w+) ?\{")
NO_KERNEL = ("is neither a custom op nor a flex op", "SELECT_TF_OPS", "Flex")

# What stands in the converter's message → what to do. The first that is found counts.
REMEDIES = (
    (
        ("is not static",),
        "build the model with a fixed sequence length; only the batch may vary",
    ),
    (
        ("Max and min for dynamic tensors", "Empty min/max"),
        "use another export, or data that reaches every part of the model: some never ran on the"
        " representative data",
    ),
)

# Exceptions of our own worker → what to do.
KINDS = {
    "NotEqualError": "use another export: a layer is random or not carried over",
}


def explain(failure: WorkerError, name: str, export: str, dtype: str) -> ConversionError:
    """The worker's end as a sentence with a remedy."""
    if failure.kind == "RefusedError":
        reason, remedy = failure.message.split("\n", 1)
        return ConversionError(
            f"{name} is not converted to {dtype} ({export}): {reason}", remedy=remedy
        )
    if failure.kind == "SamplesError":
        reason, remedy = failure.message.split("\n", 1)
        return ConversionError(f"{name} cannot be converted: {reason}", remedy=remedy)
    if failure.kind in ("CustomClassError", "ModelFileError"):
        reason, remedy = failure.message.split("\n", 1)
        return ConversionError(f"{name} cannot be loaded: {reason}", remedy=remedy)
    if any(words in failure.message for words in NO_KERNEL):
        names = {next(filter(None, groups)) for groups in FOREIGN.findall(failure.message)}
        operators = ", ".join(sorted(names - {"SELECT_TF_OPS"})) or "an operator"
        return ConversionError(
            f"converting {name} to {dtype} ({export}) failed: TFLite has no kernel for {operators}",
            remedy="replace the layer that makes it; TFLM runs no TensorFlow (Flex) operators",
        )
    what = f"converting {name} to {dtype} ({export}) failed: {_cause(failure)}"
    if failure.crashed and export == "loop" and dtype != "float32":
        return ConversionError(
            f"{what}. The calibrator cannot walk into a WHILE loop",
            remedy="use --export shift, or unrolled for short sequences, or fused for an LSTM",
        )
    if failure.crashed:
        return ConversionError(
            what, remedy=f"try another export; the last lines were:\n{failure.tail}"
        )
    if failure.returncode is None:
        return ConversionError(what, remedy="unroll fewer steps or raise the timeout")
    for words, remedy in REMEDIES:
        if any(word in failure.message for word in words):
            return ConversionError(what, remedy=remedy)
    if failure.kind in KINDS:
        return ConversionError(what, remedy=KINDS[failure.kind])
    if failure.message.startswith("layer "):
        # an export module named the layer that it has no form for
        other = "unrolled" if export == "shift" else "shift or unrolled"
        return ConversionError(what, remedy=f"use --export {other} for this model")
    return ConversionError(what, remedy=f"read the converter's last lines:\n{failure.tail}")


def _cause(failure: WorkerError) -> str:
    """The failure's cause; of a converter's page-long message only what says something."""
    lines = [line.strip() for line in failure.cause.splitlines() if line.strip()]
    if len(lines) > SHORT:
        lines = [lines[0], *[line for line in lines[1:] if "error:" in line]]
    return "\n".join(line[:LINE] for line in lines[:SHORT])
