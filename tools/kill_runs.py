"""Kills runs again and again, and looks at what is left: of results, processes and folders.

    python tools/kill_runs.py [--kills 100] [--minutes 60] [--seed 0]

A run is started and killed with SIGKILL at a moment of its own: while references are computed, or
while sequences stream. It is gone on with and killed several times, sometimes after a run of other
models, and then brought to its end. The table that is printed compares the results with those of a
run that nobody killed, and counts what was there five seconds after each kill. Exit status 1 if
there is anything but zeros.

It runs in folders of its own below build/kills; a firmware that is built already is used.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflm_hil.commands.main import main as hil
from tflm_hil.paths import REPOSITORY, cache_dir

BOARD = "nucleo-f746zg-emulated"
MODELS = ("digits_lstm-int8-fused", "digits_lstm-float32-fused", "sine_gru-int8-step")
OTHERS = ("digits_lstm-int8-fused", "sine_gru-float32-step")
IN_A_ROW = 5  # kills, until a run may come to its end
SOON_S = 5.0
IMPORTED = ("pyocd.core.helpers", "pyocd.flash.flash", "pyocd.target.builtin",
            "tflm_hil.commands.demo")  # fmt: skip
PATIENCE_S = 300.0
TAG = "HIL_KILL_RUNS"
REFERENCES, STREAMING = "references", "streaming"

# What a run that was gone on with may say differently: how it went, not what came of it.
OF_THIS_RUN = ("link", "sequences_resumed")
LINK = "link"


@dataclass
class Tally:
    """What the kills of one kind have done."""

    kills: int = 0
    followed_by_others: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    unequal: int = 0  # variants whose record is another one, their cycles among it
    untold: int = 0  # runs that did not say that one before them was cut off
    processes: int = 0
    folders: int = 0
    drafts: int = 0  # of files that were being written
    seconds: list[float] = field(default_factory=list)  # until nothing was left

    @property
    def wrong(self) -> int:
        """How much is not as it should be."""
        return sum(
            (self.lost, self.doubled, self.changed, self.unequal, self.untold, self.processes,
             self.folders, self.drafts)
        )  # fmt: skip


class Process:
    """`hil WORDS` in a fork of this process, which has imported everything: that is most of what a
    start costs. All else is as in a Python of its own.
    """

    def __init__(self, words: list[str], environment: dict[str, str], said: Path) -> None:
        sys.stdout.flush()
        self.status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.environ.update(environment)
                tempfile.tempdir = None
                output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(output, 1)
                os.dup2(output, 2)
                status = hil(words)
                atexit._run_exitfuncs()
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(status)

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        return self._waited(os.WNOHANG)

    def wait(self) -> int | None:
        """Its exit status."""
        return self._waited(0)

    def kill(self) -> None:
        """At once, without a chance to do anything."""
        os.kill(self.pid, signal.SIGKILL)

    def _waited(self, options: int) -> int | None:
        if self.status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status


class Place:
    """Folders in which runs are killed, and nothing else happens."""

    def __init__(self, root: Path, sequences: int) -> None:
        self.root = root
        self.sequences = sequences
        self.tag = f"{TAG}={root}"
        for name in ("tmp", "run", "cache"):
            (root / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def words(self, models: Sequence[str], reports: Path) -> list[str]:
        """What a user would type behind `hil`."""
        words = ["demo", "--board", BOARD, "--hil-sequences", str(self.sequences)]
        return [*words, "--hil-report-dir", str(reports), *models]

    def start(self, models: Sequence[str], reports: Path) -> Process:
        """A run; what it says goes to a file beside its reports."""
        name, _, value = self.tag.partition("=")
        environment = {
            "TMPDIR": str(self.root / "tmp"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            name: value,
        }
        reports.mkdir(exist_ok=True)
        return Process(self.words(models, reports), environment, reports / "said")

    def finish(self, models: Sequence[str], reports: Path) -> Path:
        """A whole run: its folder. Raises RuntimeError if it does not pass."""
        if self.start(models, reports).wait() != 0:
            raise RuntimeError((reports / "said").read_text("utf-8", "replace"))
        return max(reports.glob("*/report.json"), key=lambda path: path.stat().st_mtime).parent

    @property
    def references(self) -> Path:
        """The cache of references."""
        return self.root / "cache" / "tflm-hil" / "references"

    def processes(self) -> list[int]:
        """All that a run has started, and what those have."""
        found = []
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with suppress(OSError):
                    if self.tag.encode() in Path(entry.path, "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found

    def folders(self) -> list[Path]:
        """Temporary ones, and files of running boards but for their locks."""
        left = list((self.root / "tmp").iterdir())
        return left + [
            path
            for path in (self.root / "run").rglob("*")
            if not path.is_dir() and path.suffix != ".lock"
        ]

    def drafts(self) -> list[Path]:
        """Files that were being written, and never got their names."""
        return list(self.root.rglob("*.part"))


def results(journal: Path) -> list[tuple[tuple[str, int], tuple[str, tuple[int, ...]]]]:
    """All results of a journal: context and number of the sequence; outputs and cycles."""
    found = []
    with journal.open("rb") as file:
        for line in file:
            with suppress(ValueError):
                entry = json.loads(line)
                if entry["event"] == "result":
                    place = (entry["context"], entry["key"])
                    found.append((place, (entry["outputs"], tuple(entry["cycles"]))))
    return found


def stored(reports: Path) -> int:
    """Results in all journals there, as the running run writes them."""
    return sum(
        path.read_bytes().count(b'\n{"event":"result",') for path in reports.glob("*/journal.jsonl")
    )


def lasting(report: Path) -> dict[str, dict[str, Any]]:
    """What a report says of each variant, without how this run went."""
    variants = {}
    for variant in json.loads(report.read_text())["variants"]:
        for name in OF_THIS_RUN:
            del variant[name]
        variant["measurements"] = [
            item for item in variant["measurements"] if not item["measure"].startswith(LINK)
        ]
        variants[variant["id"]] = variant
    return variants


def wait_until(holds: Callable[[], bool], process: Process) -> bool:
    """Whether it came to that before the run was at its end."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise RuntimeError("the run does not come to the moment at which it is to be killed")
        time.sleep(0.003)
    return True


class Killing:
    """Kills runs in a place and keeps count."""

    def __init__(self, place: Place, chance: random.Random) -> None:
        self.place = place
        self.chance = chance
        self.tallies = {REFERENCES: Tally(), STREAMING: Tally()}
        baseline = place.finish(MODELS, place.root / "whole")
        self.expected = dict(results(baseline / "journal.jsonl"))
        self.records = lasting(baseline / "report.json")
        place.finish(OTHERS, place.root / "others")  # so that their references are there, too
        place.references.rename(place.root / "references")

    def round(self, moment: str, kills: int, *, other: bool) -> None:
        """Kill one run `kills` times, then let it come to its end."""
        tally = self.tallies[moment]
        reports = self.place.root / f"{moment}-{tally.kills}"
        self._with_references(moment == STREAMING)
        known: dict[Any, Any] = {}
        for _ in range(kills):
            self._kill(moment, reports, tally)
            known |= self._known(reports)
        self._with_references(True)
        if other:
            tally.followed_by_others += 1
            between = self.place.finish(OTHERS, reports)
            tally.untold += not json.loads((between / "report.json").read_text())["passed_over"]
        run = self.place.finish(MODELS, reports)
        found = results(run / "journal.jsonl")
        counts = Counter(where for where, _ in found)
        tally.doubled += sum(counts.values()) - len(counts)
        now = dict(found)
        tally.lost += sum(where not in now for where in {*self.expected, *known})
        tally.changed += sum(now.get(where, what) != what for where, what in self.expected.items())
        records = lasting(run / "report.json")
        tally.unequal += sum(records.get(name) != record for name, record in self.records.items())
        shutil.rmtree(reports)

    def _known(self, reports: Path) -> dict[Any, Any]:
        """Results that are there after a kill."""
        return {
            where: what for path in reports.glob("*/journal.jsonl") for where, what in results(path)
        }

    def _with_references(self, there: bool) -> None:
        shutil.rmtree(self.place.references, ignore_errors=True)
        if there:
            shutil.copytree(self.place.root / "references", self.place.references)

    def _kill(self, moment: str, reports: Path, tally: Tally) -> None:
        before = stored(reports)
        process = self.place.start(MODELS, reports)
        if moment == REFERENCES:
            came = wait_until(lambda: any(self._workers()), process)
            delay = self.chance.uniform(0.0, 4.0)
            began = time.monotonic()
            came = came and wait_until(lambda: time.monotonic() - began > delay, process)
        else:
            left = len(self.expected) - before
            wanted = before + self.chance.randint(1, max(1, left // IN_A_ROW))
            came = wait_until(lambda: stored(reports) >= wanted, process)
        if not came:
            raise RuntimeError((reports / "said").read_text("utf-8", "replace"))
        process.kill()
        process.wait()
        tally.kills += 1
        self._look(tally)

    def _workers(self) -> Iterator[Path]:
        return (self.place.root / "tmp").glob("*/worker-*")

    def _look(self, tally: Tally) -> None:
        """What is there `SOON_S` after a kill; not longer than there is anything."""
        began = time.monotonic()
        while time.monotonic() - began < SOON_S:
            if not self.place.processes() and not self.place.folders():
                break
            time.sleep(0.02)
        tally.seconds.append(time.monotonic() - began)
        tally.processes += len(self.place.processes())
        tally.folders += len(self.place.folders())
        tally.drafts += len(self.place.drafts())


def kill_runs(
    kills: int, seed: int, root: Path, *, sequences: int, seconds: float
) -> dict[str, Tally]:
    """Half of the kills during references, half while streaming; every tenth is followed by a run
    of other models. No new round is begun after `seconds`.
    """
    ends = time.monotonic() + seconds
    killing = Killing(Place(root, sequences), random.Random(seed))
    left = {STREAMING: kills - kills // 2, REFERENCES: kills // 2}
    others = dict.fromkeys(left, True)
    while any(left.values()) and time.monotonic() < ends:
        moment = max(left, key=lambda name: left[name])
        in_a_row = min(IN_A_ROW, left[moment])
        killing.round(moment, in_a_row, other=others[moment])
        left[moment] -= in_a_row
        others[moment] = not others[moment]
        print(f"{moment}: {left[moment]} kills left", file=sys.stderr, flush=True)
    return killing.tallies


def table(tallies: dict[str, Tally]) -> str:
    """A row a kind of figure, a column a kind of moment."""
    rows: list[tuple[str, Callable[[Tally], object]]] = [
        ("kills", lambda t: t.kills),
        ("followed by a run of other models", lambda t: t.followed_by_others),
        ("results lost", lambda t: t.lost),
        ("results doubled", lambda t: t.doubled),
        ("results changed", lambda t: t.changed),
        ("variants with other figures, cycles among them", lambda t: t.unequal),
        ("runs that did not name the one cut off", lambda t: t.untold),
        ("processes left after 5 s", lambda t: t.processes),
        ("folders left after 5 s", lambda t: t.folders),
        ("drafts of files left", lambda t: t.drafts),
        ("longest until nothing was left", lambda t: f"{max(t.seconds, default=0):.1f} s"),
    ]
    lines = [f"{'killed during':48}" + "".join(f"{name:>12}" for name in tallies)]
    for title, figure in rows:
        lines.append(f"{title:48}" + "".join(f"{figure(t)!s:>12}" for t in tallies.values()))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, print the table; 0 if nothing is wrong."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sequences", type=int, default=60, help="of each variant")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which it ends")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "build" / "kills")
    arguments = parser.parse_args(argv)
    root = arguments.folder.resolve()
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for part in ("firmware", "desktop-load", "weights", "references"):
        if cache_dir(part).is_dir():
            shutil.copytree(cache_dir(part), root / "cache" / "tflm-hil" / part)
    for module in IMPORTED:
        importlib.import_module(module)
    tallies = kill_runs(
        arguments.kills,
        arguments.seed,
        root,
        sequences=arguments.sequences,
        seconds=60 * arguments.minutes,
    )
    print(table(tallies))
    return int(any(tally.wrong for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
