"""The process side of `tflm_hil.models.convert.convert`: one conversion, then exit."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.activations import NEAREST, replace, replaceable
from tflm_hil.models.convert.calibration import forgetting
from tflm_hil.models.convert.causes import causes_of
from tflm_hil.models.convert.comparing import Expected, check_weights, compare, expected_of
from tflm_hil.models.convert.custom_classes import known
from tflm_hil.models.convert.exports import Export
from tflm_hil.models.convert.exports.equality import difference, windows
from tflm_hil.models.convert.exports.masks import check_padding
from tflm_hil.models.convert.exports.rebuild import load, stateful
from tflm_hil.models.convert.exports.walk import layers_of
from tflm_hil.models.convert.fidelity import Fidelity
from tflm_hil.models.convert.model_files import identify
from tflm_hil.models.convert.obstacles import Way
from tflm_hil.models.convert.samples import Sequences, bind, check_ranges, inputs_of
from tflm_hil.models.convert.saturation import check_saturation
from tflm_hil.models.convert.trial import building, check, free_ways, options, other_ways
from tflm_hil.models.convert.wording import finer
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.int8_tables import narrow_tables
from tflm_hil.models.tflite.moved_scales import repair_moved
from tflm_hil.models.tflite.output_order import order_outputs
from tflm_hil.models.tflite.states import as_exported, tie_states
from tflm_hil.vocabulary import ExportKind, Precision, RungName
from tflm_hil.worker import Answer, Arrays, serve_stream

# Largest |Δ| between the Keras model and what will be converted: both are float32 and the same
# equations, in another summation order at most.
EQUALITY = 1e-4

# Exports whose calibrator is fed a window at a time; the others cut sequences themselves.
WINDOWED = ("loop", "unrolled")


class NotEqualError(ValueError):
    """What would be converted is no longer the Keras model."""


@dataclass(frozen=True)
class Converted:
    """A flatbuffer, how it was `asked` for, the model that it came from, what that was calibrated
    with, and the ways that no rule blocks for it.
    """

    model: Any
    content: bytes
    calibration: dict[str, NDArray[Any]] | None
    difference: float
    notes: tuple[str, ...]
    expected: Expected
    ways: tuple[Way, ...]
    asked: Way

    @property
    def answer(self) -> Answer:
        """As `convert.convert` gets it."""
        ways = [list(way) for way in self.ways]
        record = {"difference": self.difference, "notes": self.notes, "ways": ways}
        return record, {"tflite": np.frombuffer(self.content, np.uint8)}


def convert(request: dict[str, Any], arrays: Arrays) -> Answer:
    """Convert as `convert.convert` asks; the flatbuffer is the answer's array."""
    with _known(request):
        return _convert(request, arrays).answer


def convert_and_compare(request: dict[str, Any], arrays: Arrays) -> Iterator[Answer]:
    """The same, and then what a comparison with the Keras model says on TFLite and, if it takes the
    model, on TFLM: should an interpreter end this process, the answers before tell which.
    """
    with _known(request):
        done = _convert(request, arrays)
        yield done.answer
        samples = _bound(arrays, "samples", done.model)
        yield _compared(done, samples, RungName.TFLITE)
        try:
            answer = _compared(done, samples, RungName.TFLM)
        except RuntimeError:  # what it does not take, the checks before flashing name
            return
        yield answer


def _compared(done: Converted, samples: Sequences | None, runtime: RungName) -> Answer:
    inputs = inputs_of(done.model)
    inspection = as_exported(inspect(done.content), len(inputs))
    comparison, drift = compare(done.expected, done.content, runtime)
    notes = []
    if samples is not None:
        faithful = comparison.fidelity is Fidelity.FAITHFUL
        notes = check_saturation(
            inspection,
            inputs,
            samples,
            done.calibration,
            faithful=faithful,
            other=finer(done.asked, done.ways),
        )
    causes = [*causes_of(inspection, inputs, samples, done.calibration), *drift]
    record = {
        "comparison": asdict(comparison),
        "causes": [asdict(cause) for cause in causes],
        "notes": notes,
    }
    return record, {}


def tell_others(request: dict[str, Any]) -> Iterator[Answer]:
    """What may be tried in place of the request, which came to nothing (`another_way.Others`)."""
    with _known(request):
        model = load(request["model"])
        ways = other_ways(model, Path(request["model"]), request["export"], request["dtype"])
        found = replaceable(layers_of(model))
        answer = {
            "ways": [list(way) for way in ways],
            "activations": {name: NEAREST[name] for name in found},
            "layers": list(dict.fromkeys(name for names in found.values() for name in names)),
        }
        yield answer, {}


def _known(request: dict[str, Any]) -> AbstractContextManager[Any]:
    custom = request["custom"]
    return known(Path(custom) if custom else None)


def _convert(request: dict[str, Any], arrays: Arrays) -> Converted:
    model_path = Path(request["model"])
    export_name, dtype = request["export"], request["dtype"]
    model = load(request["model"])
    if others := request.get("activations"):
        # the exports load the same object
        functions = {name: tf.keras.activations.get(other) for name, other in others.items()}
        replace(layers_of(model), functions)
    check(model, model_path, export_name, dtype)
    check_weights(model)
    inputs = inputs_of(model)
    calibration = _bound(arrays, "calibration", model)
    if calibration and dtype != "float32":
        check_ranges(calibration)
    shape = inputs[0].shape
    steps = shape[0] or 1 if export_name == "step" and shape else 1
    expected = expected_of(model, _bound(arrays, "samples", model), steps=steps)
    module = importlib.import_module(f"tflm_hil.models.convert.exports.{export_name}")
    with building(model, model_path, export_name, dtype):
        export: Export = module.converter(model_path, **options(export_name, dtype))
    if dtype != "float32":
        assert calibration is not None
        check_padding(export.padding(calibration))
    with building(model, model_path, export_name, dtype):
        distance = difference(model, export, calibration)
        if not distance <= EQUALITY:
            raise NotEqualError(
                f"the {export_name} export differs from the Keras model by {distance:.3g} before"
                f" conversion (allowed: {EQUALITY:g}): a layer is random or not carried over"
            )
    if dtype != "float32":
        assert calibration is not None
        cut = windows(inputs, calibration) if export_name in WINDOWED else calibration
        _quantise(export, dtype, cut)
    with forgetting():
        made = export.converter.convert()
    content, narrowed = narrow_tables(repair_moved(export.finish(made)))
    content, tied = tie_states(order_outputs(content))
    notes = (*_notes(model, model_path), *narrowed, *tied)
    asked = (ExportKind(export_name), Precision(dtype))
    ways = free_ways(model)
    return Converted(model, content, calibration, distance, notes, expected, ways, asked)


def _bound(arrays: Arrays, kind: str, model: Any) -> dict[str, NDArray[Any]] | None:
    """What was given of a kind ("calibration/…"), brought to the model's inputs, if anything.

    Samples are looked for among the calibration arrays where none were given by themselves.
    """
    kinds: dict[str, dict[str, NDArray[Any]]] = {"calibration": {}, "samples": {}}
    for key, array in arrays.items():
        of, name = key.split("/", 1)
        kinds[of][name] = array
    given = kinds[kind] or kinds["calibration"]
    if not given:
        return None
    return bind(
        given,
        inputs_of(model),
        calibration=kind == "calibration",
        several_windows=stateful(model),
    )


def _notes(model: Any, path: Path) -> list[str]:
    """What was changed without being asked for."""
    notes = []
    source = identify(path)
    if source.keras2:
        version = source.keras_version if source.keras_version.count(".") else "2"
        notes.append(
            f"the model was saved by Keras {version}; it was rebuilt in Keras 3 with the same"
            " weights, and both were the same on random input"
        )
    batch = model.inputs[0].shape[0]
    if batch != 1:
        size = "a dynamic batch" if batch is None else f"batch {batch}"
        notes.append(f"the model has {size}; it was fixed to 1, which TFLM needs")
    return notes


def _quantise(export: Export, dtype: str, calibration: Sequences) -> None:
    """Full integer quantisation: weights int8, activations, inputs and outputs int8 or int16."""
    converter = export.converter
    wide = dtype == "int16x8"
    kinds = tf.lite.OpsSet
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: export.representative(calibration)
    converter.target_spec.supported_ops = [
        kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if wide
        else kinds.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if wide else tf.int8
    if wide:
        # CMSIS-NN refuses int16 fully connected with a scale per channel; nothing is lost by it
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True


if __name__ == "__main__":
    serve_stream(
        lambda request, arrays: (
            tell_others(request) if request.get("other") else convert_and_compare(request, arrays)
        )
    )
