"""Runs flatbuffers with one input and one output in both interpreters."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tflite_micro.python.tflite_micro import runtime
from tflm_hil.worker import Arrays, serve


def handle(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Arrays `model.N` (bytes) on `x.N`; answers `tflite.N` and `tflm.N`."""
    outputs: Arrays = {}
    for number in range(request["count"]):
        content, x = arrays[f"model.{number}"].tobytes(), arrays[f"x.{number}"]
        lite = tf.lite.Interpreter(
            model_content=content,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
            num_threads=1,
        )
        lite.allocate_tensors()
        lite.set_tensor(lite.get_input_details()[0]["index"], x)
        lite.invoke()
        outputs[f"tflite.{number}"] = lite.get_tensor(lite.get_output_details()[0]["index"])
        micro = runtime.Interpreter.from_bytes(content, arena_size=8 << 20)
        micro.set_input(x, 0)
        micro.invoke()
        outputs[f"tflm.{number}"] = micro.get_output(0).copy()
    return {}, outputs


if __name__ == "__main__":
    serve(handle)
