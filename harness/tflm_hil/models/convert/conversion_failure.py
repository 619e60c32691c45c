"""Why a conversion failed and what to do about it: the worker's end as a `ConversionError`."""

from __future__ import annotations

import re

from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.another_way import Tried
from tflm_hil.models.convert.obstacles import Change, Obstacle, Way
from tflm_hil.models.convert.refusal_words import remedy, what
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import WorkerError

# Of a message that fills pages: how many lines are kept, and how many characters of each.
SHORT = 4
LINE = 300

# How the converter names an operator of TensorFlow that TFLite has no kernel for.
FOREIGN = re.compile(r"'?tf\.(\w+)'? op is neither|\bFlex(\w+)|tf\.(\w+) ?\{")
NOT_WIDE = re.compile(r"Quantization to 16x8-bit not yet supported for op: '(\w+)'")
NO_KERNEL = ("is neither a custom op nor a flex op", "SELECT_TF_OPS", "Flex")

# What stands in the converter's message → what to do. The first that is found counts.
REMEDIES = (
    (
        ("Max and min for dynamic tensors", "Empty min/max"),
        "give data that reaches every part of the model: some never ran on the representative data",
    ),
)

# Refusals that are a sentence and a remedy already → how the sentence begins.
TYPED = {
    "RefusedError": "{name} is not converted to {dtype} ({export})",
    "SamplesError": "{name} cannot be converted",
    "CustomClassError": "{name} cannot be loaded",
    "ModelFileError": "{name} cannot be loaded",
}
NOT_CONVERTED = "NotConvertedError"

# Lines of a worker's log that tell a person nothing: traces, notes of libraries, what the dump of a
# crash lists.
NOISE = re.compile(
    r"^\s*(File \"|Thread 0x|Current thread|Fatal Python error|Extension modules|Traceback|[\^~]+$|"
    r"[WIE]0000 |\d{4}-\d\d-\d\d |WARNING|INFO|Stack \(most|raise |return |\.\.\.( |$))"
    r"|<no Python frame>"
)
TOLD = 3  # lines of the log


def is_converters(failure: WorkerError) -> bool:
    """Whether it was the converter that failed, so that another export or type may do."""
    return failure.kind not in (*TYPED, NOT_CONVERTED) and failure.returncode is not None


def explain(
    failure: WorkerError, name: str, export: str, dtype: str, tried: Tried | None = None
) -> ConversionError:
    """The worker's end as a sentence with a remedy; `tried` is what became of other exports, where
    it was the converter that failed.
    """
    if failure.kind == NOT_CONVERTED:
        found = [Obstacle.from_record(record) for record in failure.details["obstacles"]]
        ways = [(ExportKind(one), Precision(two)) for one, two in failure.details["ways"]]
        change = failure.details["change"]
        return ConversionError(
            f"{name} is not converted to {dtype} ({export}): {what(found)}",
            remedy=remedy(
                (ExportKind(export), Precision(dtype)),
                ways,
                None if change is None else Change.from_record(change),
            ),
        )
    if failure.kind in TYPED:
        reason, way_out = failure.message.split("\n", 1)
        begin = TYPED[failure.kind].format(name=name, dtype=dtype, export=export)
        return ConversionError(f"{begin}: {reason}", remedy=way_out)
    if _no_kernel(failure):
        names = {next(filter(None, groups)) for groups in FOREIGN.findall(failure.message)}
        operators = ", ".join(sorted(names - {"SELECT_TF_OPS"})) or "an operator"
        return ConversionError(
            f"converting {name} to {dtype} ({export}) failed: TFLite has no kernel for {operators}",
            remedy=beside(
                tried,
                dtype,
                "replace the layer that makes it; TFLM runs no TensorFlow (Flex) operators",
            ),
        )
    if wide := NOT_WIDE.findall(failure.message):
        return ConversionError(
            f"converting {name} to {dtype} ({export}) failed: the converter has no int16x8 form of"
            f" {', '.join(dict.fromkeys(wide))}",
            remedy=beside(tried, dtype, "replace the layer that makes it"),
        )
    sentence = f"converting {name} to {dtype} ({export}) failed: {_cause(failure)}"
    if failure.returncode is None:
        fewer = "fewer steps, or " if export == ExportKind.UNROLLED else ""
        return ConversionError(sentence, remedy=f"give it {fewer}more time with --timeout")
    for words, way_out in REMEDIES:
        if any(word in failure.message for word in words):
            return ConversionError(sentence, remedy=way_out)
    return ConversionError(sentence, remedy=other_export(tried, dtype))


def other_export(tried: Tried | None, dtype: str) -> str:
    """What to do where the converter has failed."""
    return beside(
        tried,
        dtype,
        "halve the model, and convert the halves, to find the layer that the converter stumbles"
        " over",
    )


def beside(tried: Tried | None, dtype: str, otherwise: str) -> str:
    """What was tried and works; or `otherwise`, and what was tried in vain."""
    if tried is None:
        return otherwise
    if tried.works is not None:
        return what_works(tried, dtype)
    if not tried.failed:
        return otherwise
    ways = ", ".join(_option(way, dtype) for way in tried.failed)
    return f"{otherwise} ({ways} {'was' if len(tried.failed) == 1 else 'were'} tried in vain)"


def what_works(tried: Tried, dtype: str) -> str:
    """The remedy that was found by trying; `dtype` is the type that was asked for."""
    assert tried.works is not None
    just_now = f"it was tried just now, and {'runs' if tried.runs else 'converts'}"
    if not tried.activations:
        return f"use {_option(tried.works, dtype)}: {just_now}"
    swaps = ", ".join(f"{new} in place of {old}" for old, new in tried.activations.items())
    layers = f"layer{'s' if len(tried.layers) > 1 else ''} {', '.join(tried.layers)}"
    return f"use {swaps} in {layers} and train again: with the weights that there are {just_now}"


def _option(way: Way, dtype: str) -> str:
    """As it is typed by who has asked for `dtype`."""
    export, of = way
    return f"--export {export}" if of == dtype else f"--to {of} --export {export}"


def _no_kernel(failure: WorkerError) -> bool:
    return any(words in failure.message for words in NO_KERNEL)


def _cause(failure: WorkerError) -> str:
    """The failure's cause; of a converter's page-long message only what says something."""
    lines = [line.strip() for line in failure.cause.splitlines() if line.strip()]
    if len(lines) > SHORT:
        lines = [lines[0], *[line for line in lines[1:] if "error:" in line]]
    if not failure.message:
        lines += useful(failure.tail)
    return "\n".join(line[:LINE] for line in lines[:SHORT])


def useful(tail: str) -> list[str]:
    """The lines of a log that tell something, the last ones."""
    lines = [line.strip() for line in tail.splitlines() if line.strip() and not NOISE.search(line)]
    return lines[-TOLD:]
