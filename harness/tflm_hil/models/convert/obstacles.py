"""What stands in the way of an export and type, as one table from which every remedy is taken.

    found = obstacles(layers)
    open_ways(found)                # the exports and types that nothing in the model blocks
    plan(found, asked, builds)      # what to do in place of one that is blocked

Each rule was measured with the converter of TensorFlow 2.21: what it blocks crashes, is wrong
without a word, or does not run on TFLM. What only an export itself can tell (that a single step
cannot read a sequence from its end) is not here: it is found out by trying
(`tflm_hil.models.convert.trial`). No framework is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from tflm_hil.vocabulary import ExportKind, Precision

Way = tuple[ExportKind, Precision]
"""An export in a type."""

# In the order in which they are recommended: what takes most models, and then what is smallest.
ORDER = (
    ExportKind.SHIFT, ExportKind.STEP, ExportKind.FUSED, ExportKind.UNROLLED, ExportKind.LOOP,
)  # fmt: skip
# Types, in the order in which another is recommended.
PREFERRED = (Precision.INT8, Precision.FLOAT32, Precision.INT16X8)
WAYS: tuple[Way, ...] = tuple((export, dtype) for dtype in Precision for export in ORDER)


class ObstacleKind(StrEnum):
    """What is in the way."""

    MASK = "mask"
    """Keras makes a mask with operators that TFLM does not have; shift and step have their own."""
    MASK_INT16 = "mask-int16"
    """The converter has no int16x8 form of the operators of a mask."""
    REPEATED = "repeated"
    """What comes after a RepeatVector begins when what comes before has read its last step."""
    LOOP_SEQUENCES = "loop-sequences"
    """In Keras' own loop, outputs of every step have shapes that are known only while it runs."""
    LOOP_IMAGES = "loop-images"
    """In Keras' own loop a sequence of images has five dimensions, where it is cut into steps."""
    LOOP_INTEGER = "loop-integer"
    """The calibrator crashes in a WHILE loop that variables pass through unchanged."""
    FUSED_INT16 = "fused-int16"
    """The converter has no int16x8 form of the operator."""
    SHIFT_INT16 = "shift-int16"
    """The int16x8 calibrator records no range for the variables of a loop."""
    UNROLLED_RESET_AFTER = "unrolled-reset-after"
    """One bias is shared between steps whose input scales differ: silently wrong."""
    FAKE_QUANTISED = "fake-quantised"
    """The layer rounds as quantisation will, which becomes operators that TFLM does not have."""
    KERAS_QUANTISED = "keras-quantised"
    """Keras itself has quantised the layer, with operators that TFLM does not have."""
    STRUCTURE = "structure"
    """The export has no form of a layer; it says so itself."""


# What a change of the model takes out of the way.
CHANGEABLE = frozenset(
    {
        ObstacleKind.MASK, ObstacleKind.MASK_INT16, ObstacleKind.REPEATED,
        ObstacleKind.LOOP_SEQUENCES, ObstacleKind.UNROLLED_RESET_AFTER, ObstacleKind.FAKE_QUANTISED,
        ObstacleKind.KERAS_QUANTISED,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """What the rules ask of a layer. `recurrent`: runs a cell over the steps; `fake_quantised`: its
    function has operators of that name; `keras_quantised`: by `model.quantize()`.
    """

    name: str
    kind: str
    recurrent: bool = False
    return_sequences: bool = False
    reset_after: bool = False
    mask_zero: bool = False
    fake_quantised: bool = False
    keras_quantised: bool = False


@dataclass(frozen=True)
class Rule:
    """A kind of layer that blocks some ways."""

    kind: ObstacleKind
    blocks: frozenset[Way]
    applies: Callable[[Layer], bool]


@dataclass(frozen=True)
class Obstacle:
    """A finding: the layers that a rule applies to. Of a STRUCTURE, `said` is the sentence, and
    `fix` what to change in the model, "" if nothing is known.
    """

    kind: ObstacleKind
    layers: tuple[str, ...]
    blocks: frozenset[Way]
    said: str = ""
    fix: str = ""

    @property
    def can_be_changed(self) -> bool:
        """Whether something in the model can be changed so that it is no obstacle any more."""
        return bool(self.fix) or self.kind in CHANGEABLE

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "kind": self.kind,
            "layers": list(self.layers),
            "blocks": [list(way) for way in sorted(self.blocks)],
            "said": self.said,
            "fix": self.fix,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Obstacle:
        """The inverse of `record`."""
        return cls(
            ObstacleKind(record["kind"]),
            tuple(record["layers"]),
            frozenset((ExportKind(export), Precision(dtype)) for export, dtype in record["blocks"]),
            record["said"],
            record["fix"],
        )


@dataclass(frozen=True)
class Change:
    """A way that is open once these obstacles, which are all that block it, are taken out of it."""

    way: Way
    obstacles: tuple[Obstacle, ...]

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {"way": list(self.way), "obstacles": [item.record for item in self.obstacles]}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Change:
        """The inverse of `record`."""
        export, dtype = record["way"]
        found = tuple(Obstacle.from_record(item) for item in record["obstacles"])
        return cls((ExportKind(export), Precision(dtype)), found)


def _ways(exports: Iterable[ExportKind], dtypes: Iterable[Precision] = Precision) -> frozenset[Way]:
    return frozenset((export, dtype) for export in exports for dtype in dtypes)


_INTEGERS = (Precision.INT8, Precision.INT16X8)
_WIDE = (Precision.INT16X8,)

RULES = (
    Rule(
        ObstacleKind.MASK,
        _ways(set(ExportKind) - {ExportKind.SHIFT, ExportKind.STEP}),
        lambda layer: layer.kind == "Masking" or layer.mask_zero,
    ),
    Rule(
        ObstacleKind.MASK_INT16,
        _ways([ExportKind.SHIFT, ExportKind.STEP], _WIDE),
        lambda layer: layer.kind == "Masking" or layer.mask_zero,
    ),
    Rule(
        ObstacleKind.REPEATED,
        _ways([ExportKind.STEP]),
        lambda layer: layer.kind == "RepeatVector",
    ),
    Rule(
        ObstacleKind.LOOP_SEQUENCES,
        _ways([ExportKind.LOOP]),
        lambda layer: layer.return_sequences,
    ),
    Rule(
        ObstacleKind.LOOP_IMAGES,
        _ways([ExportKind.LOOP]),
        lambda layer: layer.kind in ("ConvLSTM2D", "ConvLSTM3D"),
    ),
    Rule(
        ObstacleKind.LOOP_INTEGER,
        _ways([ExportKind.LOOP], _INTEGERS),
        lambda layer: layer.recurrent,
    ),
    Rule(
        ObstacleKind.FUSED_INT16,
        _ways([ExportKind.FUSED], _WIDE),
        lambda layer: layer.recurrent,
    ),
    Rule(
        ObstacleKind.SHIFT_INT16,
        _ways([ExportKind.SHIFT], _WIDE),
        lambda layer: layer.recurrent,
    ),
    Rule(
        ObstacleKind.UNROLLED_RESET_AFTER,
        _ways([ExportKind.UNROLLED], _WIDE),
        lambda layer: layer.reset_after,
    ),
    Rule(
        ObstacleKind.FAKE_QUANTISED,
        _ways(ExportKind),
        lambda layer: layer.fake_quantised,
    ),
    Rule(
        ObstacleKind.KERAS_QUANTISED,
        _ways(ExportKind),
        lambda layer: layer.keras_quantised,
    ),
)


def obstacles(layers: Sequence[Layer]) -> tuple[Obstacle, ...]:
    """Every rule that applies to one of the layers, with all of these."""
    found = []
    for rule in RULES:
        names = tuple(dict.fromkeys(layer.name for layer in layers if rule.applies(layer)))
        if names:
            found.append(Obstacle(rule.kind, names, rule.blocks))
    return tuple(found)


def open_ways(found: Iterable[Obstacle]) -> tuple[Way, ...]:
    """What none of the obstacles blocks, best first."""
    blocked = frozenset().union(*(obstacle.blocks for obstacle in found))
    return tuple(way for way in WAYS if way not in blocked)


def plan(
    found: Sequence[Obstacle], asked: Way, builds: Callable[[Way], bool]
) -> tuple[tuple[Way, ...], Change | None]:
    """What to do in place of `asked`, which is blocked, and best first.

    The ways that are open in its type, or, if there are none, in the others; and, unless its type
    has an open one, the least change of the model that opens one in it, or anywhere if nothing is
    open. `builds` says whether an export has a form for the model in a type; it is asked only of
    those that matter.
    """
    asked_for = lru_cache(builds)
    ways = tuple(way for way in open_ways(found) if way != asked)
    same = tuple(way for way in ways if way[1] == asked[1] and asked_for(way))
    if same:
        return same, None
    others = tuple(way for way in ways if way[1] != asked[1] and asked_for(way))
    dtypes = (asked[1], *(() if others else (item for item in Precision if item != asked[1])))
    changes = [
        Change((export, dtype), blocking)
        for dtype in dtypes
        for export in ORDER
        if (blocking := tuple(item for item in found if (export, dtype) in item.blocks))
        and all(item.can_be_changed for item in blocking)
        # what an export itself refuses, it does not build before the change
        and (
            any(item.kind is ObstacleKind.STRUCTURE for item in blocking)
            or asked_for((export, dtype))
        )
    ]
    return others, min(changes, key=lambda change: len(change.obstacles), default=None)
