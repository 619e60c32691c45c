"""Bare `.tflite` files as variants: no manifest, no Keras model, the ladder starts at TFLite.

What a manifest would say follows from the flatbuffer. Limits are those of the shipped zoo: an
integer output must equal desktop TFLM in every element, and so must a float output that is a
dequantised integer. Where floats are computed, the largest |Δ|, in units of the largest output
(at least 1), may be 1e-6 with the builtin engine and 2e-6 with TFLM, whose builds fuse
multiply-add. There is no limit between TFLite and TFLM: their kernels differ, and by how much is
a property of the model.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflm_hil.comparison.labels import recognise
from tflm_hil.errors import ComparisonError, ConfigurationError, UnsupportedModel
from tflm_hil.models.tflite.declared_states import Declared, parse, with_states
from tflm_hil.models.tflite.inspect import Inspection, Tensor, inspect
from tflm_hil.models.tflite.layout import free_inputs, layout_of
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.tflite.time_axis import steps_of
from tflm_hil.models.zoo.fit import check_type
from tflm_hil.models.zoo.generated_samples import generated_samples
from tflm_hil.models.zoo.given_samples import arrays_of_states, given_samples
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import Samples, SampleSource
from tflm_hil.report.judgement import Limit
from tflm_hil.vocabulary import AS_GIVEN, Engine, Measure, RungName, Task

OPTION = "--hil-state"
MOST_FED = 1 << 20  # elements of one inference: no board here has the memory for more
FLOAT_BOUND = {Engine.BUILTIN: 1e-6, Engine.TFLM: 2e-6}

# Operators that only lead into floats and out of them, or run other subgraphs.
BRIDGES = frozenset({"QUANTIZE", "DEQUANTIZE", "WHILE", "IF", "CALL_ONCE"})


@dataclass(frozen=True)
class Said:
    """What a user says of models that have no manifest: their `states` as --hil-state takes them,
    the `task` that labels are for, and the `steps` of time that an inference takes.
    """

    states: tuple[str, ...] = ()
    task: Task | None = None
    steps: int | None = None


NOTHING_SAID = Said()


def given_variants(
    models: Sequence[Path],
    samples: Sequence[Path],
    said: Said = NOTHING_SAID,
) -> list[Variant]:
    """One variant a file, in their order; `samples` are none, one for all, or one a model. What is
    `said` holds for each of them.

    Raises ConfigurationError, CorruptModel, UnsupportedModel.
    """
    if len(samples) > 1 and len(samples) != len(models):
        raise ConfigurationError(
            f"--hil-samples names {len(samples)} files for {len(models)} models",
            remedy="give one file for all of them, or one a model in the same order",
        )
    names = _names(models)
    files: Sequence[Path | None] = samples or (None,)
    if len(files) == 1:
        files = [files[0]] * len(models)
    return [
        given_variant(path, name, own, said)
        for path, name, own in zip(models, names, files, strict=True)
    ]


def given_variant(
    path: Path,
    name: str,
    samples: Path | None,
    said: Said = NOTHING_SAID,
) -> Variant:
    """The variant of one file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"--hil-model {path}: {error.strerror}", remedy="name a .tflite file"
        ) from error
    model = inspect(content, str(path))
    task = said.task
    declared: Declared | None = None
    if said.states:
        declared = parse(said.states, model, OPTION)
        model = with_states(model, declared, f"{OPTION} for {path.name}")
    if not free_inputs(model) or not model.outputs:
        raise ConfigurationError(
            f"{path} has no input or no output: there is nothing to feed or to compare",
            remedy="convert the model with its inputs as function arguments",
        )
    if layout_of(model).size > MOST_FED:
        raise UnsupportedModel(
            f"{path}: one inference takes {layout_of(model).size:,} numbers, and {MOST_FED:,} are"
            " the most that are fed to a board",
            remedy="convert the model for smaller inputs; if it has none such, restore the file",
        )
    for tensor in layout_of(model).tensors:
        check_type(tensor, str(path))
    source: SampleSource
    notes: tuple[str, ...] = ()
    if samples is None:
        source = generated = generated_samples(model)
        notes = (generated.sentence,)
    else:
        source = given = given_samples(samples, model)
        notes = tuple(
            f"the array {key!r} of {samples.name} is not used: it is a state, which begins at zero"
            f" and is fed back ({OPTION} none takes it as data)"
            for key in arrays_of_states(samples, model)
        )
        first = given.load()  # a file that does not fit fails now, not in the first test
        steps = said.steps or steps_of(content, model).count
        task = task_of(model, first, samples, declared=task, steps=steps)
    return Variant(
        id=name,
        model=name,
        name=AS_GIVEN,
        path=path.resolve(),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        export=AS_GIVEN,
        dtype=dtype_of(model),
        task=task,
        limits=default_limits(model),
        samples=source,
        keras=None,
        notes=notes,
        declared_states=declared,
        declared_steps=said.steps,
        task_declared=said.task is not None,
    )


def dtype_of(model: Inspection) -> str:
    """The type of what goes in and comes out; "int8/float32" where they differ."""
    fed = _types(model.inputs[number] for number in free_inputs(model))
    given = _types(_outputs(model))
    return fed if fed == given else f"{fed}/{given}"


def default_limits(model: Inspection) -> tuple[Limit, ...]:
    """What the device is held to, see above."""
    output = _judged(model)
    if output.type != "float32":
        return (Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0),)
    if computes_in_integers(model):
        return (Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=0),)
    return tuple(
        Limit(RungName.DEVICE, Measure.MAX_REL, maximum=bound, engine=engine)
        for engine, bound in FLOAT_BOUND.items()
    )


def computes_in_integers(model: Inspection) -> bool:
    """Whether floats are only what is quantised at its inputs and dequantised at its outputs."""
    return not any(
        graph.tensors[index].type == "float32"
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.name not in BRIDGES
        for index in operator.outputs
    )


def task_of(
    model: Inspection,
    samples: Samples,
    path: Path,
    *,
    declared: Task | None,
    steps: int | None,
) -> Task | None:
    """What the labels ask for, None without any; `steps` are those of an inference, if it has any.
    Raises ConfigurationError for labels that do not fit what the model will put out.
    """
    if samples.labels is None:
        return declared
    invokes = max(1, samples.inputs[0].size // layout_of(model).size)
    try:
        return recognise(
            samples.labels,
            outputs_shape(len(samples), invokes, _judged(model).shape),
            task=declared,
            stepwise=invokes > 1 or steps is not None,
            inputs=samples.inputs[0].size,
        ).task
    except ComparisonError as error:
        raise ConfigurationError(f"{path}: {error.what}", remedy=error.remedy) from None


def outputs_shape(count: int, invokes: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which outputs are judged: `[N, …]`, the chunks of a sequence in a row."""
    rest = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    rest = rest or (1,)
    if invokes == 1:
        return (count, *rest)
    if len(rest) == 2:
        return (count, invokes * rest[0], rest[1])
    return (count, invokes, *rest)


def _judged(model: Inspection) -> Tensor:
    """The output that the ladder takes: the first that is not a state."""
    return _outputs(model)[0]


def _outputs(model: Inspection) -> list[Tensor]:
    """Those that are no states; the states of a model that puts out nothing else."""
    states = {pair.output for pair in state_pairs(model)}
    others = [item for index, item in enumerate(model.outputs) if index not in states]
    return others or list(model.outputs)


def _types(tensors: Iterable[Tensor]) -> str:
    return "+".join(dict.fromkeys(tensor.type for tensor in tensors))


def _names(models: Sequence[Path]) -> list[str]:
    """The files' names; with their folders' where two are the same."""
    # names of files need not be UTF-8, and those of variants go into reports
    stems = [os.fsencode(path.stem).decode("utf-8", "replace") for path in models]
    names = [
        stem if stems.count(stem) == 1 else f"{path.resolve().parent.name}-{stem}"
        for path, stem in zip(models, stems, strict=True)
    ]
    for number, name in enumerate(names):
        if name in names[:number]:
            names[number] = f"{name}-{number + 1}"
    return names
