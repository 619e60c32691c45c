"""A case from a `.keras` file: what the rung `cells` computes, as a value that can be changed.

The network comes from the same description and equations as that rung, and covers as much: chains
of layers, forwards, backwards or bidirectional, stateful ones, cells and activations of the user's
own with an equation, and an encoder with a decoder that is called step by step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ReferenceFailed
from tflm_hil.explain.case import Case
from tflm_hil.references.equations.build import build
from tflm_hil.references.equations.description import Description
from tflm_hil.references.equations.network import Mask, Network, Part, Plain, Recurrent
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.plain import Equations, MaskUse
from tflm_hil.references.own_equations import own_equations
from tflm_hil.references.weights import Source, read_model
from tflm_hil.worker import WorkerError


def keras_case(model: Source, inputs: NDArray[Any], along: Iterable[Source] = ()) -> Case:
    """The case of a `.keras` file on `inputs` `[N, T, features]`.

    `along` are models that will be asked for as well. Raises `NotExpressible`, and
    `ReferenceFailed` if Keras cannot load the model.
    """
    try:
        read = read_model(model, along)
    except WorkerError as failure:
        raise ReferenceFailed(
            f"Keras could not load {model[0].name}: {failure.cause}",
            remedy="check that the model was saved with this version of Keras",
        ) from failure
    custom = model[1]
    equations = {} if custom is None else own_equations(custom, read.equations)
    return case_of(read.description, inputs, equations)


def case_of(description: Description, inputs: NDArray[Any], equations: Equations) -> Case:
    """The case of a described model; raises `NotExpressible`."""
    network = build(description, equations)
    if not network.recurrent:
        raise NotExpressible(Obstacle.NOT_RECURRENT)
    x = np.asarray(inputs, np.float64)
    shape = description.input_shape
    calls = 1
    if any(part.stateful for part in network.recurrent):
        # as the Keras rung feeds it: a sequence is several calls of as many steps as it takes
        calls = max(1, x.shape[1] // (shape[0] or x.shape[1]))
    elif x[0].size == math.prod(size or 0 for size in shape):
        x = x.reshape(len(x), *(size or 0 for size in shape))
    if x.ndim != 3:
        raise NotExpressible(Obstacle.INPUT_SHAPE, detail=str(x.shape[1:]))
    parts, mask = _first_mask(network, x)
    return Case(parts, x, mask, network.decoder, calls=calls)


def _first_mask(network: Network, x: NDArray[np.float64]) -> tuple[tuple[Part, ...], Mask | None]:
    """The mask of the inputs as part of the case, so that it can be left out.

    It is that of a Masking layer at the beginning, if a recurrent layer is what takes it. (Masking
    also zeroes the steps, which then nobody sees.)
    """
    first, *behind = network.parts
    if isinstance(first, Plain) and first.marks is not None:
        taker = next((part for part in behind if not _passes_mask(part)), None)
        if isinstance(taker, Recurrent) and not taker.ignores_mask:
            return tuple(behind), first.marks(x)
    return tuple(network.parts), None


def _passes_mask(part: Part) -> bool:
    return isinstance(part, Plain) and part.mask is MaskUse.KEPT and part.marks is None
