"""A model folder of single-step variants, converted from the Keras models of the shipped zoo."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.vocabulary import ELEMENTS

SHIPPED = Path(__file__).parents[2] / "fixtures" / "models"

# What is promised of a step: integers are desktop TFLM's, floats almost.
_LIMITS: dict[str, str] = {
    "float32": '{ rung = "device", measure = "max_abs", maximum = 2e-6, unit = "output" }',
    "int8": '{ rung = "device", measure = "max_lsb", maximum = 0, unit = "LSB" }',
    "int16x8": '{ rung = "device", measure = "max_lsb", maximum = 0, unit = "LSB" }',
}


def write_step_model(directory: Path, name: str, dtypes: Sequence[str]) -> Path:
    """`directory/NAME_step` with one variant a type of the shipped model `name`."""
    shipped = load_model(SHIPPED / name)
    assert shipped.keras is not None
    samples = shipped.samples
    folder = directory / f"{name}_step"
    folder.mkdir(parents=True)
    lines = [
        "schema = 1",
        f'name = "{name}_step"',
        f'title = "{name}, step by step"',
        f'task = "{shipped.task}"',
        "[keras]",
        f'file = "{os.path.relpath(shipped.keras.path, folder)}"',
        f'sha256 = "{shipped.keras.sha256}"',
        "[samples]",
        f'file = "{os.path.relpath(samples.path, folder)}"',
        f'sha256 = "{samples.sha256}"',
        f'inputs = "{samples.inputs_key}"',
        f'labels = "{samples.labels_key}"',
    ]
    calibration = np.load(samples.path)[samples.calibration_key]
    for dtype in dtypes:
        done = convert(shipped.keras.path, export="step", dtype=dtype, calibration=calibration)
        (folder / f"{dtype}.tflite").write_bytes(done.content)
        lines += [
            "[[variant]]",
            f'name = "{dtype}-step"',
            f'file = "{dtype}.tflite"',
            f'sha256 = "{hashlib.sha256(done.content).hexdigest()}"',
            'export = "step"',
            f'dtype = "{ELEMENTS[dtype]}"',
            f"limits = [{_LIMITS[dtype]}]",
        ]
    (folder / "manifest.toml").write_text("\n".join(lines) + "\n")
    return folder
