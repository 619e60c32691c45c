"""Runs models in the desktop wheel (tflite-micro). A process of its own: its import is heavy, and
a check that fails inside of it aborts.

    python -m tests.integration.engine.wheel_worker ops DIRECTORY COUNT SEED
    python -m tests.integration.engine.wheel_worker zoo DIRECTORY MODELS
    python -m tests.integration.engine.wheel_worker damaged DIRECTORY
    python -m tests.integration.engine.wheel_worker operators FILE

Inputs and outputs are raw bytes, all tensors of one inference after the other, as `engine_run`
takes and gives them. `ops`: makes COUNT models of every family of `random_ops` in DIRECTORY with
inputs and the wheel's outputs: FAMILY-N.tflite, .in, .out; where the wheel refuses, FAMILY-N.no.
`zoo`: for MODELS, a JSON object of paths by name, random inputs and the outputs with and without
a reset before each inference: NAME.in, .reset, .kept.
`damaged`: for each NAME.tflite in DIRECTORY random inputs and the outputs of inferences that keep
their state: NAME.in, NAME.out; neither where the wheel refuses it, ends of it or takes too long.
`operators`: each built-in operator of the schema and whether the wheel has it, as JSON in FILE.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro import runtime

INFERENCES = 4
PATIENCE_S = 20


def run(model: bytes, raw: bytes, *, keep_state: bool, arena: int = 1 << 22) -> bytes:
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena)
    inputs: list[dict[str, Any]] = []
    while True:
        try:
            inputs.append(interpreter.get_input_details(len(inputs)))
        except IndexError:
            break
    outputs = bytearray()
    position = 0
    while position < len(raw):
        if not keep_state:
            interpreter.reset()
        for index, details in enumerate(inputs):
            dtype = np.dtype(details["dtype"])
            count = int(np.prod(details["shape"]))
            array = np.frombuffer(raw, dtype, count, position).reshape(details["shape"])
            interpreter.set_input(array, index)
            position += array.nbytes
        interpreter.invoke()
        index = 0
        while True:
            try:
                outputs += np.ascontiguousarray(interpreter.get_output(index)).tobytes()
            except IndexError:
                break
            index += 1
    return bytes(outputs)


def random_inputs(model: bytes, random: np.random.Generator, *, ties: bool = False) -> bytes:
    """Raw inputs for some inferences: integers over their whole range, floats around one; with
    `ties` a quarter of these in eighths, of which a scale may make a tie.
    """
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 22)
    raw = bytearray()
    for _ in range(INFERENCES):
        index = 0
        while True:
            try:
                details = interpreter.get_input_details(index)
            except IndexError:
                break
            dtype, shape = np.dtype(details["dtype"]), details["shape"]
            if dtype == np.float32:
                array = random.normal(0, 3, shape).astype(np.float32)
                if ties:
                    eighths = random.random(shape) < 0.25
                    array[eighths] = np.round(array[eighths] * 8) / 8
            elif dtype == np.int32:
                array = random.integers(-3, 4, shape).astype(np.int32)
            elif dtype == np.bool_:
                array = random.integers(0, 2, shape).astype(dtype)
            elif dtype == np.int64:  # some alike, and some that differ above 32 bits only
                array = random.integers(-2, 3, shape) << (32 * random.integers(0, 2, shape))
            else:
                limits = np.iinfo(dtype)
                array = random.integers(limits.min, limits.max + 1, shape).astype(dtype)
            raw += array.tobytes()
            index += 1
    return bytes(raw)


def make_ops(directory: Path, count: int, seed: int) -> None:
    from tests.integration.engine.random_ops import CASES

    for family, make in CASES.items():
        for number in range(count):
            random = np.random.default_rng([seed, number, zlib.crc32(family.encode())])
            path = directory / f"{family}-{number}"
            print(path.name, flush=True)  # the last line names the culprit of an abort
            model = make(random)
            path.with_suffix(".tflite").write_bytes(model)
            try:
                raw = random_inputs(model, random, ties=True)
                outputs = run(model, raw, keep_state=True)
            except Exception as refusal:
                path.with_suffix(".no").write_text(f"{refusal}\n")
                continue
            path.with_suffix(".in").write_bytes(raw)
            path.with_suffix(".out").write_bytes(outputs)


def run_zoo(folder: Path, models: dict[str, str]) -> None:
    for name, path in models.items():
        print(name, flush=True)  # the last line names the culprit of an abort
        model = Path(path).read_bytes()
        raw = random_inputs(model, np.random.default_rng(zlib.crc32(name.encode())))
        (folder / f"{name}.in").write_bytes(raw)
        for kind in ("reset", "kept"):
            outputs = run(model, raw, keep_state=kind == "kept")
            (folder / f"{name}.{kind}").write_bytes(outputs)


def run_damaged(folder: Path) -> None:
    for path in sorted(folder.glob("*.tflite")):
        child = os.fork()  # what the wheel does not check may end it
        if child:
            os.waitpid(child, 0)
            continue
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(PATIENCE_S)
        try:
            model = path.read_bytes()
            raw = random_inputs(model, np.random.default_rng(zlib.crc32(path.name.encode())))
            outputs = run(model, raw, keep_state=True)
            path.with_suffix(".in").write_bytes(raw)
            path.with_suffix(".out").write_bytes(outputs)
        finally:
            os._exit(0)


def has_operator(name: str) -> bool:
    """Asked in a child: an operator without the inputs that it needs may end the process."""
    from tests.integration.engine.tflite_builder import Graph

    graph = Graph()
    x, y = graph.input("FLOAT32", [1, 4]), graph.tensor("FLOAT32", [1, 4])
    graph.op(name, [x], [y])
    model = graph.finish([y])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 2)  # the wheel says it on stderr
        try:
            runtime.Interpreter.from_bytes(model, arena_size=1 << 16)
        except Exception as refusal:
            os.write(2, str(refusal).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        words = said.read()
    os.waitpid(child, 0)
    return b"Didn't find op" not in words


def list_operators(path: Path) -> None:
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    not_operators = {"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}
    names = [name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)]
    answers = {name: has_operator(name) for name in names if name not in not_operators}
    path.write_text(json.dumps(answers))


def main(arguments: list[str]) -> None:
    match arguments:
        case ["ops", directory, count, seed]:
            make_ops(Path(directory), int(count), int(seed))
        case ["zoo", folder, models]:
            run_zoo(Path(folder), json.loads(Path(models).read_text()))
        case ["damaged", folder]:
            run_damaged(Path(folder))
        case ["operators", path]:
            list_operators(Path(path))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
