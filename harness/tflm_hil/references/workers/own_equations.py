"""Calls the equations of a user's file for a process that does not import it.

Arguments: the file, and the descriptor of a `multiprocessing` connection. A request is the name of
an equation and its arguments, the answer a failure in words ("" if there is none) and the result.
Ends when the other end does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tflm_hil.models.convert.custom_classes import CustomClassError, known

Answer = tuple[str, Any]


def main(custom: Path, descriptor: int) -> None:
    """Answer every request."""
    with Connection(descriptor) as connection:
        try:
            with known(custom) as module:
                serve(connection, getattr(module, "EQUATIONS", {}))
        except CustomClassError as error:
            connection.recv()
            connection.send((error.what, None))


def serve(connection: Connection, equations: Mapping[str, Any]) -> None:
    """Call equations until nobody asks any more."""
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer: Answer = ("", equations[name](*arguments))
        except Exception as error:
            answer = (f"{type(error).__name__}: {error}", None)
        connection.send(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
