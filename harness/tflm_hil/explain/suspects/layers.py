"""A change of a cell, made wherever a network has such cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tflm_hil.explain.case import Case
from tflm_hil.references.equations.cells import Layer
from tflm_hil.references.equations.network import Recurrent
from tflm_hil.report.mistakes import How, Mistake

MakeLayer = Callable[[Layer], Layer | None]
"""A cell with a mistake in it, None where it has nothing that could be touched."""


def in_layers(case: Case, how: How, change: MakeLayer) -> Iterator[tuple[Mistake, Case]]:
    """The change in all recurrent layers, and in each alone, both halves of a bidirectional one."""

    def made(part: Recurrent) -> Recurrent | None:
        if not part.layer.gates or change(part.layer) is None:
            return None
        return part.with_layer(lambda layer: change(layer) or layer)

    for layers, changed in case.everywhere(made):
        yield Mistake(how, layers), changed
