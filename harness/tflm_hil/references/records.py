"""What a reference is, and what it was computed under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.vocabulary import FRAMEWORKS, RungName

DIFFERS_AGAIN = "differs again"
"""Circumstance of a reference that is not deterministic: RMS between two runs on one input, in the
unit in which outputs are stored."""

Mode = Literal["reset_each", "carry"]
"""What happens to recurrent state between sequences.

`reset_each`: reset before every sequence, so that order does not matter. `carry`: reset once,
before the first; every sequence starts with the state that the one before left. A network whose
state lives inside one Invoke (a loop, an unrolled cell) gives the same in both modes; a fused
LSTM does not. Of Keras models only stateful ones have `carry`.
"""

REFUSED = "refused"  # circumstance of a reference without tensors: why


@dataclass(frozen=True)
class Reference:
    """What one framework said; `circumstances` are versions, resolver and whether it was cached.

    Without tensors if the framework has no form of this model (equations of an unknown layer).
    """

    framework: RungName
    tensors: tuple[RungOutputs, ...]
    circumstances: Mapping[str, str]


@dataclass(frozen=True)
class References:
    """All references of one variant on one set of samples."""

    variant_id: str
    mode: Mode
    references: Mapping[str, Reference]

    def differs_again(self, *frameworks: str) -> float:
        """The most (RMS) by which one of these differs from itself when run twice."""
        measured = [self.references[name] for name in FRAMEWORKS if name in frameworks]
        return max(
            (float(item.circumstances.get(DIFFERS_AGAIN, 0.0)) for item in measured), default=0.0
        )

    @property
    def rungs(self) -> dict[str, RungOutputs]:
        """Outputs of the first output tensor, in the order of the ladder."""
        return self.rungs_of(0)

    def rungs_of(self, output: int) -> dict[str, RungOutputs]:
        """Outputs of output tensor `output`, in the order of the ladder."""
        return {
            name: self.references[name].tensors[output]
            for name in FRAMEWORKS
            if name in self.references and self.references[name].tensors
        }

    @property
    def circumstances(self) -> dict[str, dict[str, str]]:
        """Per framework: versions and settings."""
        return {name: dict(item.circumstances) for name, item in self.references.items()}

    @property
    def refusals(self) -> tuple[str, ...]:
        """Sentences of frameworks that the ladder has to do without."""
        return tuple(
            item.circumstances[REFUSED]
            for item in self.references.values()
            if REFUSED in item.circumstances
        )
