"""The sub-commands of `hil` that work on models and need no board.

hil convert   a Keras model to a .tflite that TFLM runs
hil inspect   what is in a .tflite, and what a board would say to it
hil c-array   a .tflite as C++ source
hil drift     quantised single steps against Keras over a thousand steps
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflm_hil.commands.say import complain, say
from tflm_hil.errors import ConfigurationError, ConversionError
from tflm_hil.files import stored, write_text
from tflm_hil.vocabulary import Engine

Function = Callable[[argparse.Namespace, list[str]], int]
Add = Callable[[str, Function, str], argparse.ArgumentParser]

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tflm_hil.models.convert.another_way import Tried
    from tflm_hil.models.tflite.inspect import Inspection, Origin
    from tflm_hil.run.trial import Examined

    Named = dict[str, NDArray[Any]]


def add_commands(add: Add) -> None:
    """Register the sub-commands through the parser's own `add`."""
    convert = add("convert", _convert, "convert a Keras model to .tflite")
    convert.add_argument(
        "model",
        type=Path,
        help="Keras model: .keras, .h5 or a SavedModel folder; or a .tflite, with --batch 1",
    )
    convert.add_argument(
        "--batch",
        type=int,
        metavar="N",
        help="1, the batch that a microcontroller has; fixes the open one of a .tflite",
    )
    convert.add_argument(
        "--to", default="float32", metavar="TYPE", help="float32 (default), int8 or int16x8"
    )
    convert.add_argument(
        "--export",
        default="unrolled",
        metavar="KIND",
        help="unrolled (default), shift, step, fused or loop",
    )
    convert.add_argument(
        "--samples", type=Path, metavar="FILE", help=".npz or .npy: real inputs [N, ...]"
    )
    convert.add_argument(
        "--custom", type=Path, metavar="FILE", help="Python file with classes of the model's own"
    )
    convert.add_argument("--key", default="", help="array of the sample file to calibrate with")
    convert.add_argument("-o", "--output", type=Path, metavar="FILE", help=".tflite to write")
    convert.add_argument("--timeout", type=float, default=900.0, metavar="S", help="seconds")

    inspect = add("inspect", _inspect, "show what is in a .tflite and check it")
    inspect.add_argument("model", type=Path, help=".tflite file")
    inspect.add_argument("--tensors", action="store_true", help="list all tensors, too")
    inspect.add_argument(
        "--engine", choices=tuple(Engine), default=Engine.BUILTIN, help="engine to check for"
    )
    inspect.add_argument(
        "--strict", action="store_true", help="exit with 1 if there is an error among the findings"
    )

    array = add("c-array", _c_array, "write a .tflite as C++ source")
    array.add_argument("model", type=Path, help=".tflite file")
    array.add_argument("-o", "--output", type=Path, required=True, help=".cc file; .h beside it")
    array.add_argument("--name", default="", help="name of the variables (default: of the model)")

    drift = add("drift", _drift, "quantised single steps against Keras over 1,000 steps")
    drift.add_argument(
        "folder", type=Path, nargs="*", help="model folders, or folders of them (default: the zoo)"
    )


def _convert(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.models.convert.convert import another_way, convert
    from tflm_hil.models.convert.wording import comparison_lines, doubts

    if arguments.batch not in (None, 1):
        raise ConfigurationError(
            f"no batch {arguments.batch}: TFLM runs one sequence at a time",
            remedy="use --batch 1",
        )
    if arguments.model.suffix == ".tflite":
        return _fix_batch(arguments)
    calibration, samples = _given(arguments.samples, arguments.key)
    target = arguments.output or arguments.model.with_name(
        f"{arguments.model.stem}-{arguments.to}-{arguments.export}.tflite"
    )
    if not target.parent.is_dir():
        raise ConfigurationError(f"no folder {target.parent}", remedy="create it first")
    done = convert(
        arguments.model,
        export=arguments.export,
        dtype=arguments.to,
        calibration=calibration,
        samples=samples,
        custom=arguments.custom,
        runs=_runs,
        timeout_s=arguments.timeout,
    )
    with stored(target):
        target.write_bytes(done.content)
    say(f"{target}: {len(done.content)} bytes, {arguments.to}, {arguments.export}")
    say(f"equal to the Keras model before conversion within {done.difference:.2g}")
    for line in comparison_lines(done.comparison):
        say(line)
    for note in (
        *doubts(done.comparison, (done.export, done.dtype), done.causes, done.ways),
        *done.notes,
    ):
        say(f"note: {note}")
    status = _told(target, done.content, done.origin)
    if status:
        complain("looking for a way that an engine runs: some conversions are tried")
        tried = another_way(
            arguments.model,
            export=arguments.export,
            dtype=arguments.to,
            runs=_runs,
            calibration=calibration,
            samples=samples,
            custom=arguments.custom,
            timeout_s=arguments.timeout,
        )
        complain(f"  → {_way_out(tried, arguments.to)}")
    return status


def _way_out(tried: Tried, dtype: str) -> str:
    from tflm_hil.models.convert.conversion_failure import beside

    return beside(tried, dtype, "replace the layers that the errors above name")


def _runs(content: bytes) -> bool:
    """Whether an engine takes a model that was just converted."""
    from tflm_hil.models.tflite.inspect import inspect

    model = inspect(content)
    return any(not _examine(model, content, engine).stops_a_run for engine in Engine)


def _fix_batch(arguments: argparse.Namespace) -> int:
    from tflm_hil.models.convert.batch import with_batch_one

    model: Path = arguments.model
    if arguments.batch is None:
        raise ConfigurationError(
            f"{model} is converted already",
            remedy="use --batch 1 to fix an open batch; any other export needs the Keras model",
        )
    target: Path = arguments.output or model.with_name(f"{model.stem}-batch1.tflite")
    if not target.parent.is_dir():
        raise ConfigurationError(f"no folder {target.parent}", remedy="create it first")
    fixed = with_batch_one(model, timeout_s=arguments.timeout)
    target.write_bytes(fixed.content)
    say(f"{target}: {len(fixed.content)} bytes, batch 1")
    say(
        f"equal to {model.name} at batch 1 in TFLite's interpreter: all of {fixed.elements:,}"
        " output elements, bit for bit"
    )
    return _told(target, fixed.content)


def _told(target: Path, content: bytes, origin: Origin | None = None) -> int:
    """Print what the checks before flashing say to a model that was just written; 1 if no engine
    runs it.
    """
    from tflm_hil.models.tflite.inspect import inspect

    model = replace(inspect(content, str(target)), origin=origin)
    examined = _examine(model, content)
    for finding in examined.findings:
        say(finding)
    for reason in examined.not_asked:
        say(f"note: {reason}")
    if not examined.stops_a_run:
        return 0
    if not _examine(model, content, Engine.TFLM).stops_a_run:
        say(f"note: {target} runs on TFLite Micro alone: --hil-engine {Engine.TFLM}")
        return 0
    complain(f"error: {target} was written, and no engine runs it: see the errors above")
    return 1


def _examine(model: Inspection, content: bytes, engine: str = Engine.BUILTIN) -> Examined:
    """The checks of a run before flashing, as far as they need no board."""
    from tflm_hil.run.trial import examine

    (examined,) = examine([model], [content], engine=engine)
    return examined


def _given(path: Path | None, key: str) -> tuple[Named | None, Named | None]:
    """Arrays to calibrate with and arrays that the model will get; None for the same or none."""
    from tflm_hil.models.sample_arrays import INPUT_KEYS, LABEL_KEYS, NUMBERS, read_arrays

    if path is None:
        return None, None
    arrays = read_arrays(path)
    if key and key not in arrays:
        raise ConversionError(
            f"{path} has no array {key!r}; it has {', '.join(arrays) or 'none'}",
            remedy="name the array of representative data with --key",
        )
    found = {name: arrays[name] for name in arrays if name not in LABEL_KEYS or name == key}
    numbers = {name: array for name, array in found.items() if array.dtype.kind in NUMBERS}
    if not numbers:
        there = ", ".join(f"{name} ({array.dtype})" for name, array in found.items())
        raise ConversionError(
            f"{path} holds no array of numbers that could be an input: {there or 'nothing'}",
            remedy="write the inputs with numpy.savez(path, inputs=…)",
        )
    if not key:
        return numbers, None
    inputs = next((name for name in INPUT_KEYS if name in numbers and name != key), key)
    return {key: found[key]}, {inputs: found[inputs]}


def _inspect(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.models.tflite.describe import show
    from tflm_hil.models.tflite.inspect import inspect

    content = _read(arguments.model)
    model = inspect(content, str(arguments.model))
    examined = _examine(model, content, arguments.engine)
    show(model, examined.findings, name=arguments.model.name, tensors=arguments.tensors)
    for reason in examined.not_asked:
        say(f"note: {reason}")
    return 1 if arguments.strict and examined.has_errors else 0


def _c_array(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.models.tflite.c_array import c_array
    from tflm_hil.models.tflite.inspect import inspect

    content = _read(arguments.model)
    inspect(content, str(arguments.model))
    source, header = c_array(content, arguments.name or arguments.model.stem)
    target: Path = arguments.output
    if target.suffix == ".h":
        raise ConfigurationError(
            f"{target} cannot be the C++ source",
            remedy="name a .cc file; its header comes beside it",
        )
    write_text(target, source)
    write_text(target.with_suffix(".h"), header)
    say(f"{target} and {target.with_suffix('.h').name}: {len(content)} bytes")
    return 0


def _drift(arguments: argparse.Namespace, _: list[str]) -> int:
    from tflm_hil.commands.drift_table import print_table
    from tflm_hil.models.zoo.manifest import load_zoo
    from tflm_hil.options import SHIPPED_ZOO

    models = [item for path in arguments.folder or [SHIPPED_ZOO] for item in load_zoo(path)]
    print_table([item for model in models for item in model.variants if not item.left_out])
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}", remedy="check the path"
        ) from error
