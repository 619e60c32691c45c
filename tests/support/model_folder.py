"""A model folder of its own for a test, made of the smallest things that a manifest may name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

TEMPLATE = """\
schema = 1
name = "tiny"
title = "A model of a test"
task = "classification"

[samples]
file = "samples.npz"
sha256 = "{samples}"
inputs = "inputs"
labels = "labels"

[[variant]]
name = "float32-loop"
file = "model.tflite"
sha256 = "{model}"
export = "loop"
dtype = "float32"
limits = [{{ rung = "device", measure = "max_abs", maximum = 1e-6, unit = "output" }}]
"""


def write_model_folder(
    directory: Path,
    *,
    model: bytes = b"not looked into",
    inputs: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> Path:
    """Write manifest, model and samples; returns the manifest's path."""
    directory.mkdir(parents=True, exist_ok=True)
    inputs = np.zeros((4, 2, 3), np.float32) if inputs is None else inputs
    labels = np.zeros(len(inputs), np.int64) if labels is None else labels
    samples = directory / "samples.npz"
    np.savez(samples, inputs=inputs, labels=labels)
    (directory / "model.tflite").write_bytes(model)
    manifest = directory / "manifest.toml"
    text = TEMPLATE.format(
        samples=hashlib.sha256(samples.read_bytes()).hexdigest(),
        model=hashlib.sha256(model).hexdigest(),
    )
    manifest.write_text(text, encoding="utf-8")
    return manifest
