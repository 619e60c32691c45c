"""The run thread stands aside for whoever waits."""

from __future__ import annotations

import threading
import time

from tflm_hil.emulator.run_lock import RunLock


def test_waiters_get_in_although_the_run_thread_never_rests() -> None:
    stop = threading.Event()
    lock = RunLock(stop.set)
    quit_now = threading.Event()
    inside = []

    def run() -> None:
        while not quit_now.is_set():
            with lock.running():
                stop.clear()
                if lock.contended:
                    continue
                inside.append("run")
                stop.wait(1)
                inside.remove("run")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        start = time.monotonic()
        for _ in range(300):
            with lock.paused():
                assert inside == []
        assert time.monotonic() - start < 3
    finally:
        quit_now.set()
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_several_waiters_take_turns() -> None:
    lock = RunLock(lambda: None)
    counter = {"inside": 0, "total": 0}

    def visit() -> None:
        for _ in range(100):
            with lock.paused():
                counter["inside"] += 1
                assert counter["inside"] == 1
                counter["total"] += 1
                counter["inside"] -= 1

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter["total"] == 400
    assert not lock.contended
