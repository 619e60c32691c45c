"""The builtin engine on this desktop: what it says to a model, before a board is asked.

    refusals = load_all([content, …])        # None for each that it takes

The same sources as in the firmware, compiled once for this machine. A model is loaded, and run once
on zeros; on other inputs if that fails. One that ends the process is an answer, too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tflm_hil import scratch
from tflm_hil.errors import FirmwareBuildError
from tflm_hil.firmware_build.build import build
from tflm_hil.models.tflite.lints.refused import Feed, LoadRefusal, LoadStatus

TOOL = "hil_load"
TIMEOUT_S = 60.0  # of silence, for one model
# Little optimisation, and no warning of a compiler that we do not know is an error. It can imitate
# other engines where it is asked to (`tflm_hil.explain.desktop_board`).
DEFINITIONS = {"CMAKE_BUILD_TYPE": "Debug", "CMAKE_CXX_FLAGS": "-O1 -w -DHIL_IMITATES"}

_ARENA_TOO_SMALL = 8  # whether a model fits an arena is asked elsewhere
_STATUS = {
    2: LoadStatus.CORRUPT_MODEL,
    3: LoadStatus.UNSUPPORTED_SCHEMA,
    4: LoadStatus.UNSUPPORTED_OPERATOR,
    5: LoadStatus.UNSUPPORTED_TYPE,
    6: LoadStatus.UNSUPPORTED_SHAPE,
    7: LoadStatus.UNSUPPORTED_OPTION,
    11: LoadStatus.INVOKE_FAILED,
    100: LoadStatus.TOO_LONG,
}
_FEEDS = tuple(Feed)


def load_all(
    models: Sequence[bytes], on_progress: Callable[[str], None] | None = None
) -> list[LoadRefusal | None]:
    """What the engine says to each. Raises ToolchainMissing, FirmwareBuildError."""
    if not models:
        return []
    program = build("posix", target=TOOL, definitions=DEFINITIONS, on_progress=on_progress).elf
    answers: list[LoadRefusal | None] = []
    with scratch.folder("load") as folder:
        paths = []
        for number, content in enumerate(models):
            paths.append(folder / f"{number}.tflite")
            paths[-1].write_bytes(content)
        while len(answers) < len(paths):
            answers += _load(program, paths[len(answers) :])
    return answers


def _load(program: Path, paths: Sequence[Path]) -> list[LoadRefusal | None]:
    """Answers up to the first model that ends the process, at least one."""
    text = "".join(f"{path}\n" for path in paths)
    try:
        done = subprocess.run(
            [program],
            input=text.encode(),
            capture_output=True,
            env={**os.environ, **scratch.mark()},
            timeout=TIMEOUT_S * len(paths),
            check=False,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as stuck:
        output = stuck.stdout or b""
    except OSError as error:
        raise FirmwareBuildError(
            f"the engine for this desktop cannot be run: {error.strerror}",
            remedy="run the models on the board: --hil-no-lint",
        ) from error
    lines = output.decode("utf-8", "replace").splitlines()
    answers = [_answer(line) for line in lines]
    if len(answers) < len(paths):
        answers.append(LoadRefusal(LoadStatus.CRASHED, "it ends the engine's process"))
    return answers


def _answer(line: str) -> LoadRefusal | None:
    status, subgraph, operator, failed, runs, said = line.split("\t", 5)
    number, count = int(status), int(failed)
    if number in (0, _ARENA_TOO_SMALL):
        return None
    return LoadRefusal(
        _STATUS[number],
        said or "it may be a loop without an end",
        int(subgraph),
        int(operator),
        failed_on=_FEEDS[:count],
        runs_on=_FEEDS[count] if int(runs) else None,
        of_values=count > 0,  # types it looks at when it loads
    )
