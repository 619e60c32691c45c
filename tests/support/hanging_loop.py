"""Keras' own loop with return_sequences, as the converter writes it: TFLM hangs in it.

Its SLICE takes a shape that is only known while it runs (tflite-micro issue 3674).
"""

from __future__ import annotations

from pathlib import Path

from tflm_hil.worker import run_worker

NAME, WAY = "gru_sequence", "loop"


def hanging_loop(directory: Path) -> bytes:
    """The model; `directory` is for the Keras file."""
    request = {"names": [NAME], "directory": str(directory)}
    run_worker("tests.support.keras_models", request)
    _, models = run_worker(
        "tests.support.naive_converter", {"wanted": [[NAME, WAY]], "directory": str(directory)}
    )
    return models[f"{NAME} {WAY}"].tobytes()
