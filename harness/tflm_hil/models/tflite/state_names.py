"""What the names of a model's inputs and outputs say of its states.

    names_of(model).inputs[1].stems          # (("gru", "state"),): of "gru_prev_state_int8"

A name is cut into words; words for a direction in time or data (`prev`, `next`, `in`, `out`) and
for a type are left out, and what remains is its stem. Two ends of one state have the same stem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from tflm_hil.models.tflite.inspect import Inspection, Tensor

Stem = tuple[str, ...]

STRONG = frozenset({"state", "states", "hidden", "carry", "hx", "cx"})
"""Words that nothing but a state is called by."""

WEAK = frozenset(
    {"cell", "cells", "memory", "mem", "cache", "history", "fifo", "buffer", "h", "c", "past",
     "prev", "previous", "recurrent"}
)  # fmt: skip
"""Words that a state is called by, and other things, too."""

DIRECTION = frozenset(
    {"in", "input", "inputs", "out", "output", "outputs", "prev", "previous", "past", "last", "old",
     "before", "next", "new", "after", "cur", "current", "updated", "update", "init", "initial",
     "final", "n", "t", "tm1", "value"}
)  # fmt: skip
TYPES = frozenset({"int8", "uint8", "int16", "float", "float32", "f32", "q", "quantized"})

# Names that a converter gives to what has none.
_MADE_UP = re.compile(
    r"(?:statefulpartitionedcall|partitionedcall|identity|output|args|input|keras_tensor|"
    r"inputs|serving_default)(?:_\d+)*(?:_int8|_uint8|_int16|_float32)?"
)
_WORD = re.compile(r"[a-z]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# PyTorch's habit: h0 and hn, ht and ht1, c_in
_LETTER = re.compile(r"([hc])(n|t|x|in|out|prev|next|new|old)")


class Hint(IntEnum):
    """How much a name speaks for a state."""

    NONE = 0
    WEAK = 1
    STRONG = 2


@dataclass(frozen=True)
class End:
    """An input or output: the interpreter's number, its tensor, and what it is called.

    `names` are those of the signature and of the tensor, whatever somebody has chosen.
    """

    number: int
    tensor: Tensor
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """What to call it: by the signature's name if there is one."""
        return self.names[0] if self.names else self.tensor.name

    @property
    def stems(self) -> tuple[Stem, ...]:
        """Of each name."""
        return tuple(filter(None, (stem(name) for name in self.names)))

    @property
    def hint(self) -> Hint:
        """The strongest of its names."""
        return max((_hint(name) for name in self.names), default=Hint.NONE)


@dataclass(frozen=True)
class Ends:
    """Both sides of a model, in the interpreter's order."""

    inputs: tuple[End, ...]
    outputs: tuple[End, ...]


def ends_of(model: Inspection) -> Ends:
    """The inputs and outputs of the main graph with their names."""
    signature = model.signatures[0] if model.signatures else None
    return Ends(
        _ends(model.inputs, signature.inputs if signature else {}),
        _ends(model.outputs, signature.outputs if signature else {}),
    )


def all_names(model: Inspection, tensor: Tensor, *, output: bool) -> tuple[str, ...]:
    """Every name by which a person may mean an input or an output."""
    signature = model.signatures[0] if model.signatures else None
    known = (signature.outputs if output else signature.inputs) if signature else {}
    called = [name for name, index in known.items() if index == tensor.index]
    return tuple(dict.fromkeys(name for name in (*called, tensor.name, plain(tensor.name)) if name))


def plain(name: str) -> str:
    """A tensor's name as its author wrote it."""
    return re.sub(r":\d+$", "", name).removeprefix("serving_default_")


def stem(name: str) -> Stem:
    """The words of a name that say which state it is."""
    return tuple(word for word in _words(name) if word not in DIRECTION | TYPES)


def _ends(tensors: Iterable[Tensor], called: Mapping[str, int]) -> tuple[End, ...]:
    by_index: dict[int, str] = {}
    for name, index in called.items():
        by_index.setdefault(index, name)
    return tuple(
        End(number, tensor, tuple(_telling(by_index.get(tensor.index, ""), plain(tensor.name))))
        for number, tensor in enumerate(tensors)
    )


def _telling(*names: str) -> Iterable[str]:
    """Those that a person gave: a path is the layer's, and says nothing of what leaves by it."""
    for name in dict.fromkeys(names):
        if name and not _MADE_UP.fullmatch(name.lower()) and not set(name) & set("/;"):
            yield name


def _words(name: str) -> list[str]:
    lowered = _CAMEL.sub("_", name).lower()
    for kind in TYPES:
        lowered = re.sub(rf"(?:^|_){kind}(?=_|$)", "", lowered)
    words: list[str] = []
    for word in _WORD.findall(lowered):
        letter = _LETTER.fullmatch(word)
        words += letter.groups() if letter else [word]
    return words


def _hint(name: str) -> Hint:
    words = set(_words(name))
    if words & STRONG or _is_letter(stem(name)):
        return Hint.STRONG
    return Hint.WEAK if words & WEAK else Hint.NONE


def _is_letter(parts: Stem) -> bool:
    """Whether nothing is left but h or c, perhaps with a number: the usual letters of an LSTM."""
    letters = [part for part in parts if not part.isdigit()]
    return len(letters) == 1 and letters[0] in ("h", "c")
