"""The process side of reading an HDF5 file: some damaged ones crash the library or never end."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import h5py

from tflm_hil.worker import Answer, Arrays, serve

SECONDS = 5  # of computing; a description is read in milliseconds


def described(path: Path) -> dict[str, Any]:
    """What the file says of a Keras model in it: `model_config` and `keras_version`, None for what
    is not there; whether it `holds_weights` of that model, or is a `weights_file`.
    """
    with h5py.File(path, "r") as file:
        attributes = dict(file.attrs)
        return {
            **{name: _text(attributes.get(name)) for name in ("model_config", "keras_version")},
            "holds_weights": "model_weights" in file,
            "weights_file": "layer_names" in attributes
            or "layers" in file
            or "_layer_checkpoint" in " ".join(file),
        }


def answer(request: dict[str, Any], _: Arrays) -> Answer:
    """`request["model"]` is the path."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    return described(Path(request["model"])), {}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    serve(answer)
