"""A worker that does what it is told, bad things included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tflm_hil.worker import Arrays, serve


def handle(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """`do`: echo, raise, crash, exit, hang, start, chat, environment, pid."""
    match request["do"]:
        case "raise":
            raise KeyError("the third layer")
        case "crash":
            print("last words", flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            sys.exit(7)
        case "hang":
            print("thinking", flush=True)
            time.sleep(60)
        case "start":
            # another session, as of a daemon; and a file that says that all is there
            subprocess.Popen(["sleep", "300"], start_new_session=True)
            Path(os.environ["TMPDIR"], "started").touch()
            time.sleep(60)
        case "chat":
            print("\n".join(f"line {number}" for number in range(100)), flush=True)
            raise ValueError("after a hundred lines")
        case "environment":
            return {name: os.environ.get(name, "") for name in request["names"]}, {}
        case "pid":
            return {"pid": os.getpid()}, {}
    return request, arrays


if __name__ == "__main__":
    serve(handle)
