"""The options of a run: one table, from which pytest, the environment and `hil run` all read.

Precedence: a test's own parametrisation > command line > environment (`HIL_…`) > pytest's ini
(`hil_…`) > board file > default. An option that is added to `OPTIONS` and to `RunConfig` is
complete; no other place knows the names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from tflm_hil.boards.spec import BoardSpec, Overrides, load_spec
from tflm_hil.errors import ConfigurationError
from tflm_hil.firmware_build.tflm_tree import inspect_tree
from tflm_hil.paths import REPOSITORY
from tflm_hil.vocabulary import Engine, Task

SHIPPED_ZOO = REPOSITORY / "fixtures" / "models"


@dataclass(frozen=True)
class Option:
    """`key` names it everywhere: flag `--hil-<key>`, ini `hil_<key>`, variable `HIL_<KEY>`.

    `other_variable` is a second name in the environment, of lower rank. One of `many` may be
    repeated, and takes several values separated by commas or lines.
    """

    key: str
    help: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    metavar: str = ""
    is_switch: bool = False
    many: bool = False
    flag_override: str = ""
    other_variable: str = ""

    @property
    def flag(self) -> str:
        """As typed on the command line."""
        return self.flag_override or f"--hil-{self.key}"

    @property
    def dest(self) -> str:
        """As an attribute, ini name and (in capitals) environment variable."""
        return "hil_" + self.key.replace("-", "_")

    @property
    def own_flag(self) -> str:
        """The flag that nobody else has: `--board` may be an option of the user's own."""
        return f"--hil-{self.key}"

    def typed(self, value: Any) -> list[str]:
        """The words of pytest's command line that say `value`."""
        if self.is_switch:
            return [self.own_flag]
        values = value if self.many else [value]
        return [word for item in values for word in (self.own_flag, str(item))]


OPTIONS = (
    Option(
        "board",
        "board to run on: a board file's name (see `hil boards`); without it the suite is skipped",
        metavar="NAME",
        flag_override="--board",
    ),
    Option("firmware", "test this ELF instead of building one", metavar="ELF"),
    Option(
        "engine",
        "inference engine of the firmware: tflm where a tree is given, else builtin",
        choices=tuple(Engine),
    ),
    Option(
        "tflm-root",
        "finished TensorFlow Lite Micro tree for the tflm engine (also: variable TFLM_ROOT)",
        metavar="DIR",
        other_variable="TFLM_ROOT",
    ),
    Option(
        "tflm-operators",
        "operators to link from the TFLM library: all, or those used by the models under test",
        "all",
        ("all", "used"),
    ),
    Option("config", "bench file with probe uids and ttys", metavar="FILE"),
    Option("probe-uid", "unique id of the debug probe", metavar="UID"),
    Option("tty", "serial port of the board", metavar="TTY"),
    Option("baud", "baud rate to negotiate", metavar="BAUD"),
    Option("zoo", "folder of models to test", str(SHIPPED_ZOO), metavar="DIR"),
    Option(
        "model",
        "test these .tflite files in place of the zoo; repeat it, or separate them by commas",
        metavar="TFLITE",
        many=True,
    ),
    Option(
        "samples",
        "sequences for --hil-model, .npz or .npy: one file for all, or one a model; without it they"
        " are generated",
        metavar="NPZ",
        many=True,
    ),
    Option(
        "task",
        "what the labels of --hil-samples mean, where their shape does not say it",
        choices=tuple(Task),
    ),
    Option(
        "steps",
        "steps of time that one inference of --hil-model takes, where its graph does not show it",
        metavar="N",
    ),
    Option(
        "state",
        "a state of --hil-model: which input an output is fed back to, by name or number; `none`"
        " where there are none; without it they are recognised by their names",
        metavar="IN=OUT",
        many=True,
    ),
    Option(
        "no-lint",
        "run models in which the checks before flashing find an error, too",
        is_switch=True,
    ),
    Option("report-dir", "where runs leave their reports", "reports", metavar="DIR"),
    Option(
        "resume",
        "go on with a run that was cut off: auto (the latest on this board), never, or its folder",
        "auto",
        metavar="RUN",
    ),
    Option(
        "covering",
        "test only the smallest variants in which each layer, export and type occurs",
        is_switch=True,
    ),
    Option("sequences", "stream only the first N test sequences of each variant", metavar="N"),
    Option(
        "no-flash", "never write flash; refuse if the board holds something else", is_switch=True
    ),
)


@dataclass(frozen=True)
class RunConfig:
    """All options of a run, checked."""

    board: str
    overrides: Overrides
    zoo: Path
    report_dir: Path
    firmware: Path | None = None
    engine: Engine = Engine.BUILTIN
    tflm_root: Path | None = None
    tflm_operators: Literal["all", "used"] = "all"
    resume: str = "auto"
    sequences: int | None = None
    no_flash: bool = False
    models: tuple[Path, ...] = ()
    samples: tuple[Path, ...] = ()
    states: tuple[str, ...] = ()
    task: Task | None = None
    steps: int | None = None
    no_lint: bool = False
    covering: bool = False

    @property
    def spec(self) -> BoardSpec:
        """The board's specification. Raises UnknownBoard, ConfigurationError."""
        return load_spec(self.board, self.overrides)


def from_lookup(
    lookup: Callable[[str], Any], environment: Mapping[str, str] = os.environ
) -> RunConfig | None:
    """Build the configuration; None if no board was named.

    `lookup(dest)` gives what the command line says (None: nothing), or failing that the ini
    file; `environment` comes between, so `lookup` is asked for both as `dest` and `ini:dest`.
    Raises ConfigurationError naming the option, TflmTreeInvalid.
    """
    values = {option.dest: _value(option, lookup, environment) for option in OPTIONS}
    board = values["hil_board"]
    if not board:
        return None
    default_engine = Engine.TFLM if values["hil_tflm_root"] else Engine.BUILTIN
    config = RunConfig(
        board=board,
        overrides=Overrides(
            probe_uid=values["hil_probe_uid"],
            tty=values["hil_tty"],
            baud=_whole("--hil-baud", values["hil_baud"]),
            config=_path(values["hil_config"]),
        ),
        zoo=Path(values["hil_zoo"]),
        report_dir=Path(values["hil_report_dir"]),
        firmware=_path(values["hil_firmware"]),
        engine=Engine(values["hil_engine"] or default_engine),
        tflm_root=_path(values["hil_tflm_root"]),
        tflm_operators=cast(Literal["all", "used"], values["hil_tflm_operators"]),
        resume=values["hil_resume"],
        sequences=_whole("--hil-sequences", values["hil_sequences"]),
        no_flash=bool(values["hil_no_flash"]),
        models=tuple(Path(value) for value in values["hil_model"]),
        samples=tuple(Path(value) for value in values["hil_samples"]),
        states=values["hil_state"],
        task=Task(values["hil_task"]) if values["hil_task"] else None,
        steps=_whole("--hil-steps", values["hil_steps"]),
        no_lint=bool(values["hil_no_lint"]),
        covering=bool(values["hil_covering"]),
    )
    _check(config)
    spec = load_spec(config.board, config.overrides, environment)
    if config.engine == Engine.TFLM and config.tflm_root is not None and config.firmware is None:
        # A tree that does not fit is refused here, before many tests fail because of it.
        inspect_tree(config.tflm_root, spec.core)
    return config


def _value(option: Option, lookup: Callable[[str], Any], environment: Mapping[str, str]) -> Any:
    candidates = (
        lookup(option.dest),
        environment.get(option.dest.upper()),
        environment.get(option.other_variable),
        lookup(f"ini:{option.dest}"),
        option.default,
    )
    if option.is_switch:
        return any(str(value).lower() in ("1", "true", "yes") for value in candidates)
    value = next((value for value in candidates if value), None)
    if option.many:
        return _several(value)
    if option.choices and value is not None and value not in option.choices:
        raise ConfigurationError(
            f"{option.flag} {value}: there is no such choice",
            remedy=f"use one of: {', '.join(option.choices)}",
        )
    return value


def _several(value: str | Sequence[str] | None) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value or ()
    return tuple(
        piece.strip()
        for text in given
        for piece in ([text] if _is_one_file(text) else text.replace("\n", ",").split(","))
        if piece.strip()
    )


def _is_one_file(text: str) -> bool:
    """Whether it names a file as it stands, commas and all."""
    try:
        return Path(text).is_file()
    except OSError:  # many names in one are longer than any path may be
        return False


def _check(config: RunConfig) -> None:
    if config.firmware is not None and not config.firmware.is_file():
        raise ConfigurationError(
            f"--hil-firmware {config.firmware}: no such file",
            remedy="name an ELF, or leave the option out to have the firmware built",
        )
    for flag, paths in (("--hil-model", config.models), ("--hil-samples", config.samples)):
        for path in paths:
            if not path.is_file():
                raise ConfigurationError(f"{flag} {path}: no such file", remedy="correct the path")
    if config.samples and not config.models:
        raise ConfigurationError(
            "--hil-samples belongs to --hil-model, and there is none",
            remedy="name the .tflite with --hil-model; models of a zoo name theirs in a manifest",
        )
    for flag, given, key in (
        ("--hil-state", config.states, "states"), ("--hil-task", config.task, "task"),
        ("--hil-steps", config.steps, "steps"),
    ):  # fmt: skip
        if given and not config.models:
            raise ConfigurationError(
                f"{flag} belongs to --hil-model, and there is none",
                remedy=f"name the .tflite with --hil-model; models of a zoo have `{key}` in a"
                " manifest",
            )
    if not config.zoo.is_dir() and not config.models:
        raise ConfigurationError(
            f"--hil-zoo {config.zoo}: no such folder",
            remedy="name a folder that holds <model>/manifest.toml",
        )
    if config.engine == Engine.TFLM and config.tflm_root is None and config.firmware is None:
        raise ConfigurationError(
            "--hil-engine tflm needs a finished TensorFlow Lite Micro tree",
            remedy="name it with --hil-tflm-root DIR or TFLM_ROOT, or use --hil-engine builtin",
        )
    if config.resume not in ("auto", "never") and not (config.report_dir / config.resume).is_dir():
        raise ConfigurationError(
            f"--hil-resume {config.resume}: there is no such run in {config.report_dir}",
            remedy="use auto, never, or the name of a folder there",
        )


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _whole(flag: str, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number <= 0:
        raise ConfigurationError(
            f"{flag} {value}: not a whole number above 0", remedy="correct the option"
        )
    return number
