"""Whether desktop TFLM, the bit oracle of integer models, takes a model at all, and runs it.

    refusals = load_all([content, …])        # None for each that it takes

Asked in a process of its own, which some models end. Answers are kept by the model's bytes and the
wheel's version: a warm run starts no process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tflm_hil import scratch
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.tflite.lints.refused import Feed, LoadRefusal, LoadStatus
from tflm_hil.paths import cache_dir
from tflm_hil.references.jobs import versions
from tflm_hil.vocabulary import RungName
from tflm_hil.worker import WorkerError, stream_worker

WORKER = "tflm_hil.references.workers.tflm_load"
TIMEOUT_S = 120.0
FORMAT = 4  # of what is kept
KEPT = 4000  # answers
_SILENT = {LoadStatus.TOO_LONG: "it may be a loop without an end"}
_NODE = re.compile(r"Node (\S+) \(number (\d+)\) failed to (?:prepare|invoke)")
_NOISE = re.compile(r"^(Node .* failed to .*|Failed to get registration.*|\s*)$")


def load_all(models: Sequence[bytes]) -> list[LoadRefusal | None]:
    """What it says to each. Raises ReferenceFailed if it is not installed."""
    version = versions(RungName.TFLM)["tflite-micro"]
    folder = cache_dir("desktop-load")
    keys = [hashlib.sha256(f"{FORMAT} {version} ".encode() + model).hexdigest() for model in models]
    known: dict[str, LoadRefusal | None] = {}
    for key in keys:
        with suppress(OSError, ValueError, KeyError, TypeError):
            known[key] = _read(folder / f"{key}.json")
    missing = {key: model for key, model in zip(keys, models, strict=True) if key not in known}
    for key, refusal in zip(missing, _ask(list(missing.values())), strict=True):
        known[key] = refusal
        if refusal is None or refusal.status is not LoadStatus.TOO_LONG:  # a busy machine's fault?
            _keep(folder / f"{key}.json", refusal)
    if missing:
        _forget_old(folder)
    return [known[key] for key in keys]


def _ask(models: Sequence[bytes]) -> list[LoadRefusal | None]:
    answers: list[LoadRefusal | None] = []
    with scratch.folder("load") as folder:
        paths = []
        for number, content in enumerate(models):
            paths.append(str(folder / f"{number}.tflite"))
            Path(paths[-1]).write_bytes(content)
        while len(answers) < len(paths):
            request = {"models": paths[len(answers) :]}
            try:
                for answer, _ in stream_worker(WORKER, request, timeout_s=TIMEOUT_S):
                    answers.append(_refusal(answer))
            except WorkerError as failure:
                if not failure.crashed and failure.returncode is not None:
                    raise ReferenceFailed(
                        f"desktop TFLM could not be asked: {failure.cause}",
                        remedy="install the project's dependencies: pip install -e '.[dev]'",
                    ) from failure
                status = LoadStatus.CRASHED if failure.crashed else LoadStatus.TOO_LONG
                answers.append(LoadRefusal(status, failure.cause))
    return answers


def _refusal(answer: dict[str, Any]) -> LoadRefusal | None:
    """TFLM's own words without those that only repeat which node it was."""
    if answer["runs"] and not answer["failed"]:
        return None
    text = str(answer["printed"])
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line)]
    node = _NODE.search(text)
    name, operator = (node[1], int(node[2])) if node else ("", -1)
    crashed = str(answer["ended_by"])
    status = _status(answer)
    said = "; ".join(dict.fromkeys(lines)) or (
        f"it ends its process with {crashed}"
        if crashed
        else _SILENT.get(status, "it gives no reason")
    )
    runs_on = Feed(answer["runs"]) if answer["runs"] else None
    return LoadRefusal(
        status,
        said,
        operator=operator,
        operator_name=name,
        failed_on=tuple(map(Feed, answer["failed"])),
        runs_on=runs_on,
        of_values=runs_on is not None,
    )


def _status(answer: dict[str, Any]) -> LoadStatus:
    if answer["too_long"]:
        return LoadStatus.TOO_LONG
    if answer["failed"]:
        return LoadStatus.INVOKE_FAILED
    return LoadStatus.CRASHED if answer["ended_by"] else LoadStatus.REFUSED


def _forget_old(folder: Path) -> None:
    """The older half, where there are too many."""
    with suppress(OSError):
        answers = list(folder.glob("*.json"))
        if len(answers) > KEPT:
            answers.sort(key=lambda path: path.stat().st_mtime)
            for path in answers[: len(answers) - KEPT // 2]:
                path.unlink(missing_ok=True)


def _read(path: Path) -> LoadRefusal | None:
    plain = json.loads(path.read_text("utf-8"))["refusal"]
    return None if plain is None else LoadRefusal.from_record(plain)


def _keep(path: Path, refusal: LoadRefusal | None) -> None:
    """As far as that is possible: without a cache it is asked again."""
    plain = None if refusal is None else asdict(refusal)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{hashlib.sha256(str(id(path)).encode()).hexdigest()[:8]}")
        partial.write_text(json.dumps({"refusal": plain}), "utf-8")
        partial.replace(path)
