"""Random small recurrent networks: a number says everything about one.

    graph = draw(17)               # its layers, sizes, export and type
    made = make(range(20), folder) # by number: converted, and run in the desktop wheel

Conversion and wheel run in workers, many networks in each. Where a worker dies (converters and
interpreters may abort), the network it was at is named, and a new worker goes on behind it: nothing
is left out silently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tflm_hil.worker import WorkerError, run_worker

WORKERS = 2
SEQUENCES = 6  # test sequences of each network
WORKER = "tests.support.random_recurrent_worker"


@dataclass(frozen=True)
class Layer:
    """A recurrent layer. `reset_after` is the GRU's."""

    kind: str
    units: int
    bias: bool
    reset_after: bool


@dataclass(frozen=True)
class Network:
    """A stack of recurrent layers; the last one gives its last output, or all of them."""

    number: int
    layers: tuple[Layer, ...]
    length: int
    features: int
    sequences: bool
    head: int  # outputs of a Dense layer, 0 without one
    export: str
    dtype: str

    @property
    def name(self) -> str:
        """Such as `17-int8-unrolled-LSTM5-GRU12-T7-F3`."""
        stack = "-".join(f"{layer.kind}{layer.units}" for layer in self.layers)
        return f"{self.number}-{self.dtype}-{self.export}-{stack}-T{self.length}-F{self.features}"


@dataclass(frozen=True)
class Made:
    """What became of a network. With a `failure` there is no model to compare.

    Files: `model`, raw `inputs` of all sequences, the wheel's outputs with a reset before each
    sequence (`outputs`) and without (`kept`).
    """

    network: Network
    directory: Path
    failure: str = ""

    @property
    def model(self) -> Path:
        return self.directory / f"{self.network.number}.tflite"

    @property
    def inputs(self) -> bytes:
        return (self.directory / f"{self.network.number}.in").read_bytes()

    def outputs(self, *, kept: bool) -> bytes:
        suffix = "kept" if kept else "out"
        return (self.directory / f"{self.network.number}.{suffix}").read_bytes()


def draw(number: int) -> Network:
    """The network of this number. What the harness refuses by name is not drawn."""
    random = np.random.default_rng([20261122, number])
    dtype = str(random.choice(["float32", "int8", "int16x8"]))
    export = str(random.choice(["unrolled", "unrolled", "fused", "shift"]))
    if dtype == "int16x8":
        export = "unrolled"  # the converter has no other for whole sequences
    kinds = ["LSTM"] if export == "fused" else ["SimpleRNN", "GRU", "LSTM"]
    layers = []
    for _ in range(int(random.integers(1, 4))):
        kind = str(random.choice(kinds))
        # unrolled int16x8 with reset_after shares one bias between steps of different scales
        before = kind == "GRU" and (dtype == "int16x8" or bool(random.integers(2)))
        bias = export == "fused" or bool(random.integers(8))
        layers.append(Layer(kind, int(random.integers(1, 25)), bias, not before))
    return Network(
        number,
        tuple(layers),
        length=int(random.integers(1, 13)),
        features=int(random.integers(1, 9)),
        sequences=bool(random.integers(2)),
        head=int(random.integers(1, 11)) if random.integers(3) else 0,
        export=export,
        dtype=dtype,
    )


def make(numbers: Iterable[int], directory: Path) -> list[Made]:
    """Convert the networks of these numbers and run them in the wheel, in `WORKERS` processes."""
    wanted = list(numbers)
    directory.mkdir(parents=True, exist_ok=True)
    shares = [share for share in (wanted[k::WORKERS] for k in range(WORKERS)) if share]
    failures: dict[int, str] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for failed in pool.map(lambda share: _work(share, directory), shares):
            failures |= failed
    return [Made(draw(number), directory, failures.get(number, "")) for number in wanted]


def _work(numbers: Sequence[int], directory: Path) -> dict[int, str]:
    """Failures by number. A worker that dies is replaced by one for what is left."""
    failures: dict[int, str] = {}
    left = list(numbers)
    while left:
        journal = directory / f"journal-{left[0]}"
        request = {"numbers": left, "directory": str(directory), "journal": str(journal)}
        died = ""
        try:
            run_worker(WORKER, request, timeout_s=3600.0)
        except WorkerError as error:
            died = error.cause
        records = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        ended = {record["number"] for record in records if "failure" in record}
        failures |= {
            record["number"]: record["failure"] for record in records if record.get("failure")
        }
        left = [number for number in left if number not in ended]
        if died:
            at = records[-1] if records else {"number": left[0], "stage": "start"}
            if at["number"] in left:
                failures[at["number"]] = f"{at['stage']}: {died}"
                left.remove(at["number"])
        elif left:
            raise RuntimeError(f"the worker ended without a word on {left}")
    return failures
