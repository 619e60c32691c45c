"""A worker of many answers that can die at any of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tflm_hil.worker import Answer, Arrays, serve_stream


def handle(request: dict[str, Any], _arrays: Arrays) -> Iterator[Answer]:
    """An answer for each of `words`: "crash", "raise" and "hang" do so, others are echoed."""
    for number, word in enumerate(request["words"]):
        match word:
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "raise":
                raise ValueError("enough")
            case "hang":
                time.sleep(60)
        yield {"word": word, "pid": os.getpid()}, {"x": np.array([number])}


if __name__ == "__main__":
    serve_stream(handle)
