"""Keras with memory: a model's own network, its recurrent layers stateful, over a long sequence.

A model that was trained on windows is run Invoke by Invoke, each starting with the state that the
one before left. An Invoke is as many rows as the exported model reads at once: one for a single
step, the window for the fused operator. Row for row that is the trained network unrolled over the
whole sequence; the model's own output is the last one of every Invoke, or all of them, as its last
recurrent layer says.

Request: `jobs`, a list of `{"model", "custom", "inputs"}`. Arrays: inputs by name, `[Invokes,
elements]`. Answer per job an `error`, or nothing and the array `"<number>"` `[Invokes, ...]`.
"""

from __future__ import annotations

import math
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.custom_classes import known
from tflm_hil.models.convert.loading import load
from tflm_hil.references.keras_states import run_fed, state_ends
from tflm_hil.references.serving import EndNames, end_names
from tflm_hil.worker import Arrays, serve


def run(
    model_path: Path,
    custom: Path | None,
    inputs: NDArray[np.float32],
    states: tuple[EndNames, ...] = (),
) -> NDArray[np.float32]:
    """The first output of every Invoke; raises what Keras raises for a model of another form.

    A model that takes its `states` as inputs needs no copy: they are fed back.
    """
    with known(custom):
        source = load(model_path)
        if states:
            tensors, _ = run_fed(source, inputs[np.newaxis], state_ends(source, states))
            fed: NDArray[np.float32] = tensors[0].values[0]
            return fed
        features = source.input_shape[2:]
        rows = inputs.shape[1] // math.prod(features)
        model = with_memory(source, rows)
        invoke = tf.function(lambda x: model(x, training=False))
        blocks = inputs.reshape(len(inputs), 1, rows, *features)
        return np.stack([_first(invoke(tf.constant(block))) for block in blocks])


def with_memory(source: Any, rows: int) -> Any:
    """A copy for batch 1 and `rows` steps a call that keeps its state between calls."""
    config = source.get_config()
    _patch(config, rows)
    copy = type(source).from_config(config)
    copy.set_weights(source.get_weights())
    return copy


def _patch(node: Any, rows: int) -> None:
    """Edit a layer configuration in place, wrappers and nested models included."""
    if isinstance(node, list | tuple):
        for item in node:
            _patch(item, rows)
    elif isinstance(node, dict):
        if "stateful" in node:
            node["stateful"] = True
        # what the layers were built for; they are built again, from the model's input on
        node.pop("build_config", None)
        for name in ("batch_shape", "build_input_shape"):
            if node.get(name) is not None:
                node[name] = (1, rows, *node[name][2:])
        for item in node.values():
            _patch(item, rows)


def _first(outputs: Any) -> NDArray[np.float32]:
    first = outputs[0] if isinstance(outputs, list | tuple) else outputs
    array: NDArray[np.float32] = np.asarray(first, np.float32)[0]
    return array


def main(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All jobs of a request; one that raises does not stop the others."""
    answers: list[dict[str, str]] = []
    results: Arrays = {}
    for number, job in enumerate(request["jobs"]):
        custom = Path(job["custom"]) if job["custom"] else None
        try:
            states = end_names(job.get("keras_states", ()))
            results[str(number)] = run(Path(job["model"]), custom, arrays[job["inputs"]], states)
        except Exception as error:
            traceback.print_exc()
            answers.append({"error": f"{type(error).__name__}: {error}"})
        else:
            answers.append({})
    return {"jobs": answers}, results


if __name__ == "__main__":
    serve(main)
