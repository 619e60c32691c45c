"""Counts of a reader that is fed with damaged files: what it read, refused, or stumbled over.

    tally = Tally("npz, npy")
    for name, content in …:
        tally.tried(lambda: read(content), name)
    tally.check()

`HIL_FUZZ=10000` tries as many of every reader, `HIL_FUZZ_FIRST=10000` others than those before;
`make fuzz-readers` prints the table of all readers.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tflm_hil.errors import HilError

COUNT = "HIL_FUZZ"
FIRST = "HIL_FUZZ_FIRST"
FEW = 60
SENTENCE_MAX = 2000
SHOWN = 5


def count(few: int = FEW) -> int:
    """How many mutations a test tries of a reader: a few, or what HIL_FUZZ says."""
    return int(os.environ.get(COUNT, few))


def first() -> int:
    """The number of the first mutation: others are made from another one."""
    return int(os.environ.get(FIRST, 0))


class Tally:
    """What became of the mutations of one reader. `errors` are its own typed ones beside HilError.

    Nothing is raised at once: a table of all faults says more than the first of them.
    """

    def __init__(self, reader: str, *errors: type[Exception]) -> None:
        self.reader = reader
        self.found: Counter[str] = Counter()
        self.faults: dict[str, str] = {}
        self._typed: tuple[type[Exception], ...] = (HilError, *errors)

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Read one damaged file; `name` says how it is made again."""
        try:
            yield
        except self._typed as error:
            text = str(error)
            if len(text) > SENTENCE_MAX:
                self._fault("nobody reads a sentence of that length", f"{name}: {text[:400]}")
            else:
                self.found[type(error).__name__] += 1
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
            self._fault(f"{type(error).__name__} at {where}", f"{name}: {error}"[:400])
        else:
            self.found["read"] += 1

    def tried(self, use: Callable[[], object], name: str) -> None:
        """The same with a function."""
        with self.trying(name):
            use()

    def _fault(self, kind: str, example: str) -> None:
        self.found["tracebacks"] += 1
        self.faults.setdefault(kind, example)

    @property
    def read(self) -> int:
        """How many damaged files were read as if nothing were."""
        return self.found["read"]

    @property
    def refused(self) -> int:
        """How many were refused with an error of ours."""
        return self.total - self.read - self.found["tracebacks"]

    @property
    def total(self) -> int:
        """How many were tried."""
        return sum(self.found.values())

    def check(self) -> None:
        """Print the reader's line of the table, and fail if anything but a typed error came."""
        print(
            f"\nreader: {self.reader:<52} {self.total:>7,} mutations {self.read:>7,} read"
            f" {self.refused:>7,} refused {self.found['tracebacks']:>4} tracebacks"
        )
        shown = [f"{kind}: {example}" for kind, example in self.faults.items()][:SHOWN]
        assert not self.faults, "\n".join([self.reader, *shown])
