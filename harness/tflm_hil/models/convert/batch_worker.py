"""The process side of `tflm_hil.models.convert.batch`: a fixed model against the open one.

Both run on the same random inputs in TFLite's interpreter with the same kernels: the reference ones
where both models can have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Tensor, inspect
from tflm_hil.worker import Arrays, serve

RUNS = 8
RESOLVERS = ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
SMALL = 2  # an index below it is in every table


def compare(_: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """How many of how many output elements differ in their bits."""
    contents = [arrays["open"].tobytes(), arrays["fixed"].tobytes()]
    tensors = inspect(contents[1]).inputs
    for resolver in RESOLVERS:
        try:
            interpreters = [_interpreter(content, resolver, tensors) for content in contents]
        except (RuntimeError, ValueError):
            if resolver == RESOLVERS[-1]:
                raise
            continue
        break
    differing = elements = 0
    for seed in range(RUNS):
        fed = [_numbers(tensor, seed) for tensor in tensors]
        one, other = (_run(interpreter, fed) for interpreter in interpreters)
        for ours, theirs in zip(one, other, strict=True):
            elements += ours.size
            if ours.shape != theirs.shape:
                differing += ours.size
            else:
                same = (ours == theirs) | ((ours != ours) & (theirs != theirs))
                differing += int(np.count_nonzero(~same))
    return {"differing": differing, "elements": elements}, {}


def _interpreter(content: bytes, resolver: str, tensors: Sequence[Tensor]) -> Any:
    interpreter = tf.lite.Interpreter(
        model_content=content,
        experimental_op_resolver_type=getattr(tf.lite.experimental.OpResolverType, resolver),
        num_threads=1,
    )
    places = inspect(content).subgraphs[0].inputs
    for place, tensor in zip(places, tensors, strict=True):
        interpreter.resize_tensor_input(place, tensor.shape)
    interpreter.allocate_tensors()
    return interpreter, inspect(content).subgraphs[0]


def _run(interpreter: Any, fed: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    runner, graph = interpreter
    runner.reset_all_variables()
    for place, array in zip(graph.inputs, fed, strict=True):
        runner.set_tensor(place, array)
    runner.invoke()
    return [runner.get_tensor(place) for place in graph.outputs]


def _numbers(tensor: Tensor, seed: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    kind = np.dtype(tensor.type)
    if kind.kind == "f":
        return random.normal(size=tensor.shape).astype(kind)
    if kind.kind == "b" or not tensor.scale:
        return random.integers(0, SMALL, tensor.shape).astype(kind)
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max + 1, tensor.shape).astype(kind)


if __name__ == "__main__":
    serve(compare)
