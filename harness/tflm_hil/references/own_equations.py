"""The equations of a user's file, computed in a process that may import what the file imports.

A file with cells imports Keras, so it is not imported here (docs/decisions.md, rule 8). Its
equations look like functions; each call goes to a process that is started with the first one and
ends when none of them is left:

    equations = own_equations(Path("jordan.py"), ["JordanCell"])
    output, states = equations["JordanCell"](weights, config, x, states)
"""

from __future__ import annotations

import os
import socket
import subprocess
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tflm_hil import scratch
from tflm_hil.errors import ReferenceFailed
from tflm_hil.paths import IMPORT_ROOT
from tflm_hil.worker import ENVIRONMENT, python

WORKER = "tflm_hil.references.workers.own_equations"
TIMEOUT_S = 120.0
"""Of one call; the first one waits for Keras."""


def own_equations(custom: Path, names: Iterable[str]) -> Mapping[str, Callable[..., Any]]:
    """The equations of the file `custom` by the names that it gives them.

    A call raises `ReferenceFailed` if the file cannot be imported, the equation raises or does not
    return in time, or its process died.
    """
    process = EquationProcess(custom)
    return {name: partial(process.call, name) for name in names}


class EquationProcess:
    """The process of one file, started with the first call."""

    def __init__(self, custom: Path) -> None:
        self._custom = custom
        self._connection: Connection | None = None

    def call(self, name: str, *arguments: Any) -> Any:
        """What the equation of this name returns."""
        connection = self._connection = self._connection or self._started()
        try:
            connection.send((name, arguments))
            if not connection.poll(TIMEOUT_S):
                raise self._failed(name, f"did not return within {TIMEOUT_S:g} s")
            failure, result = connection.recv()
        except (EOFError, OSError) as error:
            raise self._failed(name, "ended its process") from error
        if failure:
            raise self._failed(name, f"failed: {failure}")
        return result

    def _failed(self, name: str, what: str) -> ReferenceFailed:
        return ReferenceFailed(
            f"the equation {name} of {self._custom.name} {what}",
            remedy="correct it: equation(weights, config, x, states) gives the output and the"
            " next states, an activation takes x",
        )

    def _started(self) -> Connection:
        ours, theirs = socket.socketpair()
        paths = [str(IMPORT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            process = subprocess.Popen(
                [python(), "-m", WORKER, str(self._custom.resolve()), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={
                    **os.environ,
                    **ENVIRONMENT,
                    "PYTHONPATH": os.pathsep.join(paths),
                    **scratch.mark(),
                },
            )
        connection = Connection(ours.detach())
        weakref.finalize(self, _end, connection, process)
        return connection


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    """End the process when the last equation of it is gone."""
    connection.close()
    process.kill()
    process.wait()
