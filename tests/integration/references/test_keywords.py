"""Keyword spotting frame by frame decides what the network decides on the clip as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.references import References, compute_many

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
VARIANTS = {
    variant.id: variant
    for name in ("keywords_lstm", "keywords_streaming")
    for variant in load_model(MODELS / name).variants
}
FIRST = next(iter(VARIANTS.values()))

pytestmark = pytest.mark.skipif(bool(FIRST.left_out), reason=FIRST.left_out or "-")


@pytest.fixture(scope="module")
def references() -> dict[str, References]:
    """What desktop Keras and TFLM make of all clips, as whole and frame by frame."""
    computed = compute_many(VARIANTS.values(), frameworks=("keras", "tflm"))
    return {key: item for key, item in computed.items() if isinstance(item, References)}


def final(references: References, rung: str) -> np.ndarray:
    """The probabilities when a clip has ended, `[clips, 10]`."""
    values = references.rungs[rung].values
    return values[:, -1] if values.ndim == 3 else values


def variant(name: str) -> Variant:
    return VARIANTS[name]


def test_both_entries_are_one_network(references: dict[str, References]) -> None:
    whole = final(references["keywords_lstm-float32-fused"], "keras")
    frames = references["keywords_streaming-float32-step"].rungs["keras"].values
    assert frames.shape == (80, 39, 10), "a decision at every frame"
    np.testing.assert_allclose(frames[:, -1], whole, atol=1e-5)


def test_in_float_the_last_decision_is_that_of_the_whole_clip(
    references: dict[str, References],
) -> None:
    whole = final(references["keywords_lstm-float32-fused"], "tflm")
    streamed = final(references["keywords_streaming-float32-step"], "tflm")
    np.testing.assert_allclose(streamed, whole, atol=5e-6)


@pytest.mark.parametrize(
    ("streamed", "largest"),
    # measured 0.035 and 0.48 (one clip between two digits), plus about half
    [("keywords_streaming-int16x8-step", 0.055), ("keywords_streaming-int8-step", 0.7)],
)
def test_quantised_it_is_the_same_within_quantisation(
    references: dict[str, References], streamed: str, largest: float
) -> None:
    whole = final(references["keywords_lstm-float32-fused"], "tflm")
    streaming = final(references[streamed], "tflm")
    assert np.abs(streaming - whole).max() <= largest
    agreement = np.mean(streaming.argmax(axis=1) == whole.argmax(axis=1))
    assert agreement >= 0.97


def test_strangers_are_understood_as_the_manifest_says(references: dict[str, References]) -> None:
    """The 80 sample clips are of the unseen speakers: about as many right as of all of theirs."""
    facts = load_model(MODELS / "keywords_lstm").training
    labels = variant("keywords_lstm-float32-fused").load_samples().labels
    right = np.mean(final(references["keywords_lstm-float32-fused"], "keras").argmax(1) == labels)
    assert right == pytest.approx(facts["unseen_speakers_accuracy"], abs=0.05)
    assert facts["unseen_speakers_accuracy"] < facts["seen_speakers_accuracy"]


def test_the_decision_stands_before_the_clip_has_ended(references: dict[str, References]) -> None:
    """Most words are over by two thirds of the window: what follows must not be forgotten."""
    decisions = references["keywords_streaming-int8-step"].rungs["tflm"].values.argmax(axis=2)
    stands = decisions[:, 30] == decisions[:, -1]
    assert stands.mean() > 0.8
    assert (decisions[:, 0] == decisions[:, -1]).mean() < 0.5, "nobody knows at the first frame"
