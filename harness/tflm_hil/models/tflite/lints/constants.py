"""Constants that are no numbers, and variables that nobody writes."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints.finding import Finding
from tflm_hil.models.tflite.spoilt import spoilt_constants
from tflm_hil.models.tflite.variables import never_assigned
from tflm_hil.vocabulary import Severity


def not_finite_weight(model: Inspection) -> Iterator[Finding]:
    """A weight that holds NaN, or infinity where it is multiplied."""
    for graph, tensor in spoilt_constants(model):
        kind = "NaN" if tensor.nan_values else "infinity"
        yield Finding(
            "not-finite-weight", Severity.WARNING,
            f"constant {tensor.name} holds {tensor.nan_values or tensor.infinite_values} values"
            f" that are {kind}: what is computed with them is not finite either",
            "look at the weights of the trained model (a loss that diverged), and convert it again",
            graph.index,
        )  # fmt: skip


def unassigned_variable(model: Inspection) -> Iterator[Finding]:
    """A resource variable that is read and never assigned: its weights were lost."""
    handles = never_assigned(model)
    if handles:
        names = ", ".join(tensor.name for tensor in handles[:3])
        yield Finding(
            "unassigned-variable", Severity.WARNING,
            f"{len(handles)} resource variables are read and nothing assigns them ({names}"
            f"{', …' if len(handles) > 3 else ''}): each runtime reads what happens to be there",
            "convert from a concrete function of the trained model with its trackable object"
            " (from_concrete_functions([f], model)), so that weights become constants",
            0,
        )  # fmt: skip
