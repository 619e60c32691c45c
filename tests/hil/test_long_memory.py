"""What Keras remembers, the device remembers: recall after 20, 50 and 100 steps, one by one.

The ladder judges all sequences of an entry together. Here those of one delay are, so that a device
that forgets earlier than Keras cannot hide behind the short ones. An entry takes part if its
samples say how long ago each symbol was (`delays`).
"""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import SampleFile
from tflm_hil.references import compute

# Keras remembers if it is right so many times as often as by chance.
REMEMBERS = 2.0


def has_delays(variant: Variant) -> bool:
    """Whether the sample file holds an array `delays`."""
    source = variant.samples
    if not isinstance(source, SampleFile) or source.missing:
        return False
    with zipfile.ZipFile(source.path) as archive:
        return "delays.npy" in archive.namelist()


def delays_of(variant: Variant) -> NDArray[np.integer]:
    """How many steps ago each sequence's symbol was."""
    assert isinstance(variant.samples, SampleFile)
    with np.load(variant.samples.path) as archive:
        delays: NDArray[np.integer] = archive["delays"]
    return delays


@pytest.mark.hil_where(holds=has_delays)
def test_device_remembers_what_keras_remembers(measured: Measured, variant: Variant) -> None:
    samples = variant.load_samples()
    assert samples.labels is not None
    count = measured.sequences
    keras = compute(variant, frameworks=("keras",)).rungs["keras"].values[:count].argmax(axis=-1)
    outputs = measured.outputs.values
    board = (outputs if outputs.ndim == 2 else outputs[:, -1]).argmax(axis=-1)
    labels, delays = samples.labels[:count], delays_of(variant)[:count]
    # what quantisation may cost a network that hardly remembers is the manifest's to say
    (agreement,) = (
        limit.minimum
        for limit in variant.limits
        if limit.rung == "tflite" and limit.measure == "argmax_agreement"
    )
    assert agreement is not None
    chance = 1 / len(np.unique(labels))
    for delay in np.unique(delays):
        asked = delays == delay
        known = asked & (keras == labels)
        if np.mean(keras[asked] == labels[asked]) < REMEMBERS * chance:
            continue  # what Keras gets right here is luck
        kept = float(np.mean(board[known] == labels[known]))
        assert kept >= agreement, f"after {delay} steps it keeps {kept:.0%} of what Keras knows"
