"""Which engine has which operators. Types and shapes are checked on the device, at LOAD."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints.finding import Finding, Lint
from tflm_hil.models.tflite.lints.layers import layer_of
from tflm_hil.models.tflite.origin import use_export
from tflm_hil.models.tflite.schema import load_schema, operator_names
from tflm_hil.paths import REPOSITORY
from tflm_hil.vocabulary import Engine, ExportKind, Severity

REGISTRY = REPOSITORY / "firmware/engine/builtin/registry.cc"
_KERNEL = re.compile(r"&k(\w+)Kernel\b")

# Built-in operators of TensorFlow Lite Micro (MicroMutableOpResolver, October 2026). Where a tree
# is given, its library is asked instead.
TFLM = frozenset(
    {
        "ABS", "ADD", "ADD_N", "ARG_MAX", "ARG_MIN", "ASSIGN_VARIABLE", "AVERAGE_POOL_2D",
        "BATCH_MATMUL", "BATCH_TO_SPACE_ND", "BROADCAST_ARGS", "BROADCAST_TO", "CALL_ONCE",
        "CAST", "CEIL", "CONCATENATION", "CONV_2D", "COS", "CUMSUM", "DEPTHWISE_CONV_2D",
        "DEPTH_TO_SPACE", "DEQUANTIZE", "DIV", "DYNAMIC_UPDATE_SLICE", "ELU",
        "EMBEDDING_LOOKUP", "EQUAL", "EXP", "EXPAND_DIMS", "FILL", "FLOOR", "FLOOR_DIV",
        "FLOOR_MOD", "FULLY_CONNECTED", "GATHER", "GATHER_ND", "GREATER", "GREATER_EQUAL",
        "HARD_SWISH", "IF", "L2_NORMALIZATION", "L2_POOL_2D", "LEAKY_RELU", "LESS",
        "LESS_EQUAL", "LOG", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "LOGISTIC",
        "LOG_SOFTMAX", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM", "MIRROR_PAD", "MUL",
        "NEG", "NOT_EQUAL", "PACK", "PAD", "PADV2", "PRELU", "QUANTIZE", "READ_VARIABLE",
        "REDUCE_ALL", "REDUCE_MAX", "REDUCE_MIN", "RELU", "RELU6", "RESHAPE",
        "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "ROUND", "RSQRT",
        "SELECT_V2", "SHAPE", "SIN", "SLICE", "SOFTMAX", "SPACE_TO_BATCH_ND",
        "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQRT", "SQUARE", "SQUARED_DIFFERENCE",
        "SQUEEZE", "STRIDED_SLICE", "SUB", "SUM", "SVDF", "TANH", "TRANSPOSE",
        "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNPACK", "VAR_HANDLE", "WHILE",
        "ZEROS_LIKE",
    }
)  # fmt: skip


# Its custom operators, most of them of the audio front end in its signal library.
TFLM_CUSTOM = frozenset(
    f"CUSTOM {name}"
    for name in (
        "CIRCULAR_BUFFER", "SignalDelay", "SignalEnergy", "SignalFftAutoScale", "SignalFilterBank",
        "SignalFilterBankLog", "SignalFilterBankSpectralSubtraction", "SignalFilterBankSquareRoot",
        "SignalFramer", "SignalIrfft", "SignalOverlapAdd", "SignalPCAN", "SignalRfft",
        "SignalStacker", "SignalWindow", "TFLM_DECODE", "TFLite_Detection_PostProcess",
    )
)  # fmt: skip

# What makes an operator that no engine has, and what to use in its place.
MADE_BY = {
    "SELECT": "use elu in place of selu, and tf.gather in place of Keras 3's Embedding, which make"
    " it (`hil convert` makes an ELU and a GATHER of them)",
    "TILE": "use tf.broadcast_to in place of RepeatVector or UpSampling1D, which make it (`hil"
    " convert` makes a broadcast of both)",
    "REDUCE_ANY": "feed sequences of one length, or a mask as an input, in place of Masking, which"
    " makes it",
    "CUSTOM Flex": "convert without SELECT_TF_OPS: it is an operator of TensorFlow itself; for"
    " recurrent layers `hil convert` has exports that need none",
    "CUSTOM Signal": "compute the features on the host and feed the model that takes them: it"
    " belongs to the audio front end of TFLM's signal library",
    "CUSTOM ethos-u": "use the .tflite from before the Vela compiler: it is a command stream for an"
    " Ethos-U NPU, which the board does not have",
    "CUSTOM": "replace the layer that makes this custom operator",
}


# Exports that do without an operator.
MADE_NOT_IN = {"REDUCE_ANY": ExportKind.SHIFT}
SHOWN = 3  # layers


@cache
def builtin() -> frozenset[str]:
    """Operators of our own engine, read from its registry of kernels."""
    names = operator_names(load_schema()).values()
    by_letters = {_letters(name): name for name in names}
    kernels = _KERNEL.findall(REGISTRY.read_text(encoding="utf-8"))
    return frozenset(by_letters[_letters(kernel)] for kernel in kernels)


def engines(linked: frozenset[str] | None = None) -> Mapping[str, frozenset[str]]:
    """Operators by engine name; `builtin` only where the firmware's sources are. `linked` are those
    of the TFLM library at hand, if there is one.
    """
    known = {"tflm": TFLM | TFLM_CUSTOM if linked is None else linked}
    return {"builtin": builtin(), **known} if REGISTRY.is_file() else known


def missing(model: Inspection, linked: frozenset[str] | None = None) -> dict[str, tuple[str, ...]]:
    """By engine: the model's operators that it does not have, in order of frequency. `linked` as in
    `engines`.
    """
    used = model.operator_counts
    return {
        engine: tuple(name for name in used if name not in has)
        for engine, has in engines(linked).items()
    }


def unsupported_operator(engine: str, linked: frozenset[str] | None = None) -> Lint:
    """The lint for one engine; `linked` as in `engines`."""

    def lint(model: Inspection) -> Iterator[Finding]:
        by_engine = missing(model, linked)
        lacking = by_engine.get(engine, ())
        if not lacking:
            return
        others = {name: lack for name, lack in by_engine.items() if name != engine}
        given = engine == Engine.TFLM and linked is not None
        who = "the given TFLM library" if given else f"the {engine} engine"
        yield Finding(
            "unsupported-operator", Severity.ERROR,
            f"{who} has no {', '.join(_made(model, name) for name in lacking)}",
            _remedy(model, lacking, others),
        )  # fmt: skip

    return lint


def _made(model: Inspection, operator: str) -> str:
    """An operator with the Keras layers that make it, as far as names tell."""
    layers = dict.fromkeys(
        layer_of(graph, item)
        for graph in model.subgraphs
        for item in graph.operators
        if item.name == operator
    )
    names = [name for name in layers if name]
    more = ", …" if len(names) > SHOWN else ""
    return f"{operator} (Keras layer {', '.join(names[:SHOWN])}{more})" if names else operator


def _remedy(model: Inspection, lacking: Sequence[str], others: Mapping[str, Sequence[str]]) -> str:
    """Another engine only where it has all operators; else a word for every one of them."""
    for name, lack in others.items():
        if not lack:
            return f"use the engine {name}"
    better = {name: lack for name, lack in others.items() if len(lack) < len(lacking)}
    engine = min(better, key=lambda name: len(better[name]), default="")
    # what another engine has need not be replaced
    words = "; ".join(dict.fromkeys(_way_out(model, name) for name in better.get(engine, lacking)))
    return f"{words}; then use the engine {engine}" if engine else words


def _way_out(model: Inspection, operator: str) -> str:
    """What to use in place of the layer that makes an operator."""
    for start, words in MADE_BY.items():
        if operator == start or (start.startswith("CUSTOM") and operator.startswith(start)):
            exported = use_export(model, (MADE_NOT_IN[start],)) if start in MADE_NOT_IN else ""
            return f"{words} (`hil convert {exported}` does without it)" if exported else words
    return f"replace the layer that makes {operator}"


def _letters(name: str) -> str:
    """`ReverseV2` and `REVERSE_V2` alike."""
    return name.replace("_", "").lower()
