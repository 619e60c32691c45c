"""The model zoo: folders with a `manifest.toml`, read into `Model` and `Variant`.

    schema = 1
    name = "digits_lstm"                  # identifier; the folder's name by convention
    title = "Handwritten digits row by row, LSTM(20)"
    task = "classification"               # or "regression", "anomaly": what labels mean
    recipe = "fixtures.recipes.digits"    # optional: the module that wrote the folder

    [keras]                               # optional: without it the ladder starts at TFLite
    file = "model.keras"
    sha256 = "…"
    custom = "my_cells.py"                # optional: where classes of its own are defined
    states = []                           # optional: of a Keras model that takes its states as
                                          # inputs, as below; else they are those of the variant

    [samples]
    file = "../digits_samples.npz"        # several models may share one
    sha256 = "…"                          # or, for data that is not ours to ship, the command that
                                          # makes the file: made_by = "python -m fixtures.samples …"
    inputs = "inputs"                     # keys of the arrays in the file; of several inputs
                                          # ["ids", "mask"], in the order of the Keras model
    labels = "labels"                     # optional
    calibration = "calibration"           # optional: representative training data

    [[variant]]
    name = "int8-unrolled"
    file = "int8-unrolled.tflite"
    sha256 = "…"
    export = "unrolled"                   # of `hil convert`, or a name of yours
    dtype = "int8"                        # of inputs and outputs; "int8/float32" if they differ
    states = [                            # optional: the outputs that are the next value of an
        { input = "h", output = "h_out" } # input, by name of signature or tensor, or by number;
    ]                                     # [] for none. Without it they are recognised by names
    steps = 28                            # optional: steps of time of one inference; 0 for none
    limits = [                            # see harness/tflm_hil/report/judgement.py
        { rung = "device", measure = "max_lsb", maximum = 0, unit = "LSB" },
    ]                                     # `engine = "builtin"` or "tflm": for that engine only

`[training]` and `[tools]` are facts for people and are kept as they are. Files are relative to
the manifest. Every file's SHA-256 is checked when the zoo is loaded, so that a result always
belongs to the bytes that the manifest names. Samples with `made_by` may be absent: then the
variants say so (`left_out`) and cannot be run. All errors are `ConfigurationError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError
from tflm_hil.files import shown
from tflm_hil.models.tflite.declared_states import Declared, with_states
from tflm_hil.models.tflite.inspect import Inspection, Origin, StateNumbers, inspect
from tflm_hil.models.tflite.states import StatePair, state_pairs
from tflm_hil.models.zoo.given_samples import several_inputs
from tflm_hil.models.zoo.samples import SampleFile, Samples, SampleSource, load_once
from tflm_hil.models.zoo.tables import Table
from tflm_hil.report.judgement import Limit
from tflm_hil.vocabulary import (
    RUNG_MEASURES,
    ElementType,
    Engine,
    ExportKind,
    Measure,
    Precision,
    RungName,
    Task,
)

MANIFEST = "manifest.toml"
SCHEMA = 1


@dataclass(frozen=True)
class Artefact:
    """A file of a model folder with the SHA-256 of its bytes (hexadecimal)."""

    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class KerasFile(Artefact):
    """A Keras model, `.keras` or `.h5`. `custom` is the Python file that defines classes of its
    own, if it has any; being source, it is not pinned by the manifest, but references are computed
    again when it changes. `states` are those of a model that takes them as inputs, None where
    nothing is said.
    """

    custom: Artefact | None = None
    states: Declared | None = None


@dataclass(frozen=True)
class Variant:
    """One `.tflite` of a model, with everything needed to run and judge it.

    `id` is unique in a zoo ("digits_lstm-int8-unrolled"); `dtype` is the type of its inputs and
    outputs, "int8/float32" where they differ; `task` is what its labels mean, None if there are
    none, and `task_declared` whether somebody said so; `keras` is None for a model that came
    without its Keras source. `notes` are sentences that belong into its report.

    `declared_states` are what its user says of its states (`declared_states.with_states`), and
    `declared_steps` how many steps of time one inference takes (0: none); None: nothing.
    """

    id: str
    model: str
    name: str
    path: Path
    sha256: str
    size_bytes: int
    export: str
    dtype: str
    task: Task | None
    limits: tuple[Limit, ...]
    samples: SampleSource
    keras: KerasFile | None
    notes: tuple[str, ...] = ()
    title: str = ""
    declared_states: Declared | None = None
    declared_steps: int | None = None
    task_declared: bool = True

    def limits_for(self, engine: str) -> tuple[Limit, ...]:
        """The limits that a device with this inference engine is held to."""
        return tuple(limit for limit in self.limits if limit.holds_for(engine))

    @property
    def left_out(self) -> str:
        """Why it cannot be run here, as a sentence; "" where it can."""
        return self.samples.missing

    def content(self) -> bytes:
        """The flatbuffer, read once. Raises ConfigurationError if it is gone since the zoo was
        loaded.
        """
        return self._content

    def inspection(self) -> Inspection:
        """What is in the flatbuffer, looked at once, with the states that were declared.

        Raises CorruptModel; ConfigurationError if the model has no such states.
        """
        return self._inspection

    def state_pairs(self) -> tuple[StatePair, ...]:
        """The states that are fed back, empty for a model without. Raises as `inspection`."""
        return self._state_pairs

    def declared_numbers(self) -> StateNumbers | None:
        """The declared states in the interpreter's numbers, as a worker is told them; None where
        nothing was declared. Raises as `inspection`.
        """
        return None if self.declared_states is None else self._inspection.declared_states

    def load_samples(self) -> Samples:
        """The test sequences, read once for all variants that share a file."""
        return load_once(self.samples)

    @cached_property
    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"the model {self.path} cannot be read: {error.strerror}",
                remedy="restore the file",
            ) from error

    @cached_property
    def _inspection(self) -> Inspection:
        model = replace(inspect(self._content, self.id), origin=self._origin)
        if self.declared_states is None:
            return model
        return with_states(model, self.declared_states, f"{self.id}: states")

    @property
    def _origin(self) -> Origin | None:
        if self.export not in tuple(ExportKind) or self.dtype not in tuple(Precision):
            return None  # given as it is
        return Origin(ExportKind(self.export), Precision(self.dtype))

    @cached_property
    def _state_pairs(self) -> tuple[StatePair, ...]:
        return state_pairs(self._inspection)


@dataclass(frozen=True)
class Model:
    """A model folder."""

    name: str
    title: str
    task: Task
    directory: Path
    recipe: str
    keras: KerasFile | None
    samples: SampleFile
    variants: tuple[Variant, ...]
    training: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)


def load_zoo(directory: Path) -> list[Model]:
    """Every model below `directory` (or the one that it is itself), sorted by name."""
    if (directory / MANIFEST).is_file():
        return [load_model(directory)]
    if not directory.is_dir():
        raise ConfigurationError(f"no model zoo at {directory}", remedy="check the path")
    paths = sorted(path.parent for path in directory.glob(f"*/{MANIFEST}"))
    if not paths:
        raise ConfigurationError(
            f"{directory} holds no folder with a {MANIFEST}",
            remedy="point to a folder of model folders, or to one model folder",
        )
    models = [load_model(path) for path in paths]
    seen: dict[str, Path] = {}
    for model in models:
        if model.name in seen:
            raise ConfigurationError(
                f"{model.directory / MANIFEST}: the name {model.name!r} is taken by"
                f" {seen[model.name]}",
                remedy="give each model its own name",
            )
        seen[model.name] = model.directory
    return sorted(models, key=lambda model: model.name)


def load_model(directory: Path) -> Model:
    """Read and check one model folder."""
    root = Table.read(directory / MANIFEST)
    root.only(
        "schema", "name", "title", "task", "recipe", "keras", "samples", "training", "tools",
        "variant",
    )  # fmt: skip
    if root.content.get("schema") != SCHEMA:
        raise root.wrong(
            "schema",
            f"is {shown(root.content.get('schema'))}",
            f"This version reads schema {SCHEMA}.",
        )
    name = root.string("name")
    title = root.string("title")
    task = Task(root.choice("task", tuple(Task)))
    keras_table = root.optional_table("keras")
    keras = _keras(keras_table) if keras_table else None
    samples = _samples(root.table("samples"))
    variants = tuple(
        replace(_variant(table, name, task, samples, keras), title=title)
        for table in root.tables("variant")
    )
    if not variants:
        raise root.wrong("variant", "is missing: the model has nothing to run")
    names = [variant.name for variant in variants]
    for number, variant_name in enumerate(names):
        if variant_name in names[:number]:
            raise root.wrong(f"variant[{number}].name", f"{variant_name!r} is used twice")
    training = root.optional_table("training")
    tools = root.optional_table("tools")
    return Model(
        name=name,
        title=title,
        task=task,
        directory=directory,
        recipe=root.string("recipe", ""),
        keras=keras,
        samples=samples,
        variants=variants,
        training=training.content if training else {},
        tools=tools.content if tools else {},
    )


def _variant(
    table: Table, model: str, task: Task, samples: SampleFile, keras: KerasFile | None
) -> Variant:
    table.only("name", "file", "sha256", "bytes", "export", "dtype", "states", "steps", "limits")
    artefact = _artefact(table)
    name = table.string("name")
    states = _states_of(table)
    return Variant(
        id=f"{model}-{name}",
        model=model,
        name=name,
        path=artefact.path,
        sha256=artefact.sha256,
        size_bytes=artefact.size_bytes,
        export=table.string("export"),
        dtype=_dtype(table),
        task=task,
        limits=tuple(_limit(item) for item in table.tables("limits")),
        samples=_bound(samples, artefact, states),
        keras=keras,
        declared_states=states,
        declared_steps=table.whole("steps"),
    )


def _states_of(table: Table) -> Declared | None:
    """`states` as declared; what else stands in a row is for people."""
    if "states" not in table.content:
        return None
    rows = list(table.tables("states"))
    return tuple((_end(row, "input"), _end(row, "output")) for row in rows)


def _end(row: Table, key: str) -> str:
    """A name or a number."""
    value = row.content.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise row.wrong(key, f"must be a name or a number, is {shown(value)}")
    return str(value)


def _bound(samples: SampleFile, model: Artefact, states: Declared | None) -> SampleSource:
    """Samples of several arrays, brought to the inputs of the variant that takes them."""
    if not samples.more_inputs:
        return samples
    keys = (samples.inputs_key, *samples.more_inputs)
    inspection = inspect(model.path.read_bytes(), str(model.path))
    if states is not None:
        inspection = with_states(inspection, states, f"{model.path.name}: states")
    return several_inputs(samples, keys, inspection)


def _dtype(table: Table) -> str:
    """One type, or "in/out"; of several inputs or outputs "a+b"."""
    dtype = table.string("dtype")
    ends = dtype.split("/")
    parts = [part for end in ends for part in end.split("+")]
    if len(ends) > 2 or not set(parts) <= set(ElementType):
        raise table.wrong(
            "dtype",
            f"is {shown(dtype)}",
            f"use one of {', '.join(ElementType)}, or in/out where they differ (int8/float32)",
        )
    return dtype


def _limit(table: Table) -> Limit:
    table.only("rung", "measure", "minimum", "maximum", "unit", "engine")
    measure = Measure(table.choice("measure", tuple(RUNG_MEASURES)))
    unit = table.string("unit")
    wanted = RUNG_MEASURES[measure].unit
    if unit != wanted:
        raise table.wrong("unit", f"is {shown(unit)}; {measure} has the unit '{wanted}'")
    engine = table.choice("engine", tuple(Engine)) if "engine" in table.content else None
    try:
        return Limit(
            rung=RungName(table.choice("rung", tuple(RungName))),
            measure=measure,
            minimum=table.number("minimum"),
            maximum=table.number("maximum"),
            engine=None if engine is None else Engine(engine),
        )
    except ValueError as error:
        raise table.wrong("measure", f"makes no limit: {error}") from None


def _samples(table: Table) -> SampleFile:
    table.only("file", "sha256", "bytes", "made_by", "inputs", "labels", "calibration")
    made_by = table.string("made_by", "")
    if made_by:
        if "sha256" in table.content:
            raise table.wrong(
                "made_by", "stands beside sha256", "Samples are shipped or made here."
            )
        path, sha256 = _made_here(table.path.parent / table.string("file"))
    else:
        artefact = _artefact(table)
        path, sha256 = artefact.path, artefact.sha256
    keys = table.strings("inputs")
    return SampleFile(
        path=path,
        sha256=sha256,
        inputs_key=keys[0],
        more_inputs=keys[1:],
        labels_key=table.string("labels", ""),
        calibration_key=table.string("calibration", ""),
        made_by=made_by,
    )


def _made_here(path: Path) -> tuple[Path, str]:
    """A file that this machine made, with the hash of what is there; "" where nothing is."""
    try:
        return path.resolve(), hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return path.resolve(), ""


def _keras(table: Table) -> KerasFile:
    table.only("file", "sha256", "bytes", "custom", "states")
    if (table.path.parent / table.string("file")).is_dir():
        raise table.wrong(
            "file", "names a folder, and a manifest pins the content of one file",
            'Load the SavedModel in Keras 2, save it with model.save("model.h5"), and name that.',
        )  # fmt: skip
    artefact = _artefact(table)
    custom = None
    if "custom" in table.content:
        path = (table.path.parent / table.string("custom")).resolve()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise table.wrong(
                "custom", f"names {path}: {error.strerror}", "Name the file with the classes."
            ) from error
        custom = Artefact(path, hashlib.sha256(content).hexdigest(), len(content))
    return KerasFile(artefact.path, artefact.sha256, artefact.size_bytes, custom, _states_of(table))


def _artefact(table: Table) -> Artefact:
    """The file of a table, its hash checked."""
    path = table.path.parent / table.string("file")
    expected = table.string("sha256").lower()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise table.wrong("file", f"names {path}: {error.strerror}", "restore the file") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise table.wrong(
            "sha256",
            f"is {expected[:16]}… but {path.name} has {actual[:16]}…",
            "The file changed after the manifest was written: restore it, or run the recipe again.",
        )
    return Artefact(path.resolve(), actual, len(content))
