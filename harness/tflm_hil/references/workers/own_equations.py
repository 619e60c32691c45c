"""Calls the equations of a user's file for a process that does not import it.

Arguments: the file, and the descriptor of a `multiprocessing` connection. A request is the name of
an equation and its arguments, the answer a failure in words ("" if there is none) and the result.
Ends when the other end does.
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection
from pathlib import Path

from tflm_hil.models.convert.custom_classes import known


def main(custom: Path, descriptor: int) -> None:
    """Answer every request."""
    with Connection(descriptor) as connection, known(custom) as module:
        equations = getattr(module, "EQUATIONS", {})
        while True:
            try:
                name, arguments = connection.recv()
            except EOFError:
                return
            try:
                answer = ("", equations[name](*arguments))
            except Exception as error:
                answer = (f"{type(error).__name__}: {error}", None)
            connection.send(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
