"""Models as people bring them: converted and equal to Keras on desktop TFLM, or refused by name.

`HIL_RANDOM_GRAPHS=2000` draws that many random graphs instead of a dozen.
"""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest
from tflm_hil.vocabulary import Precision

from tests.support.conversions import Job, Outcome, graph, outcomes

RANDOM_GRAPHS = int(os.environ.get("HIL_RANDOM_GRAPHS", "12"))

# What each would be if the feature were lost stands in `tests/support/model_kinds.py`.
CONVERTED = (
    "masking_near_data shift float32",
    "masking_residual shift float32",
    "masking_multiplied shift float32",
    "masking_pooled shift float32",
    "masking_nested shift int8",
    "masking_nested step int8",
    "masking_multiplied step float32",
    "embedding_masked_forward step int8",
    "masking_in_an_own_layer shift float32",
    "embedding step int8",
    "embedding step int16x8",
    "embedding_int64 unrolled int8",
    "embedding_of_floats step int8",
    "embedding_half_masked shift int8",
    "embedding_masked shift int8",
    "table_lookup fused int8",
    "positions shift int8",
    "several_inputs shift int8",
    "inputs_by_name fused int8",
    "blocks_by_name shift float32",
    "named_outputs step float32",
    "bidirectional_two_outputs shift float32",
    "bidirectional_sum fused int8",
    "bidirectional_uneven fused int8",
    "counting fused int8",
    "backwards_fused fused float32",
    "td_dense unrolled float32",
    "td_conv2d unrolled int8",
    "td_sequential step float32",
    "td_lstm shift float32",
    "encoder_decoder shift float32",
    "normalization step int8",
    "stacked_cells step float32",
    "own_cell_warm step float32",
    "own_cell_warm shift int8",
    "residual fused int8",
    "gated_skip step int16x8",
    "recurrent_block shift float32",
    "last_step step float32",
    "selu step float32",
    "batch_norm step int8",
    "returned_state step float32",
    "up_sampled shift float32",
)

REFUSED = {
    "masking_near_data shift int8": (
        r"rows of data that layer \w+ is given lie within",
        "pad with",
    ),
    "embedding_masked step float32": (
        r"layer \w+ reads the sequence from its end",
        "--export shift",
    ),
    "masking step int16x8": (
        r"layer \w+ makes a mask.*no int16x8 form",
        "--to int8 --export shift",
    ),
    "encoder_decoder step float32": (r"layer \w+ is a RepeatVector", "--export shift"),
    "td_lstm step float32": (r"layer \w+ is a TimeDistributed around the recurrent", "shift"),
    "stacked_cells unrolled int16x8": (r"runs a GRU cell with reset_after=True", "step"),
    "residual step int16x8": (
        "the converter has no int16x8 form of NEG",
        "replace the layer that makes it",  # `hil convert` tries others, and names what works
    ),
    "conv_lstm shift float32": (r"layer \w+ is a ConvLSTM2D: its state is an image", ""),
    "gru fused float32": (r"layer \w+ is a GRU; only LSTM has a fused operator", "shift"),
}


@pytest.fixture(scope="module")
def found() -> dict[str, Outcome]:
    """What became of all of them, by their words above."""
    jobs = [Job("kinds", *words.split()) for words in (*CONVERTED, *REFUSED)]
    return dict(zip((*CONVERTED, *REFUSED), outcomes(jobs), strict=True))


@pytest.mark.parametrize("words", CONVERTED)
def test_converted_and_equal_to_keras(found: dict[str, Outcome], words: str) -> None:
    outcome = found[words]
    assert not outcome.refusal, outcome.refusal
    assert not outcome.unrunnable, outcome.unrunnable
    assert outcome.equal, outcome
    assert outcome.error < 0.1


def test_the_calibrator_forgets_between_sequences(found: dict[str, Outcome]) -> None:
    """0.011, and 0.105 where its cells go on from sequence to sequence."""
    assert found["counting fused int8"].error < 0.03


@pytest.mark.parametrize("words", REFUSED)
def test_refused_by_name(found: dict[str, Outcome], words: str) -> None:
    outcome = found[words]
    sentence, remedy = REFUSED[words]
    assert not outcome.crashed
    assert Counter(outcome.refusal)["\n"] == 0
    assert re.search(sentence, outcome.refusal), outcome.refusal
    assert remedy in outcome.remedy


def test_token_ids_stay_integers(found: dict[str, Outcome]) -> None:
    for words in (
        "embedding step int8",
        "embedding_int64 unrolled int8",
        "embedding_of_floats step int8",
        "table_lookup fused int8",
    ):
        assert "int32" in found[words].input_types
    assert sorted(found["several_inputs shift int8"].input_types) == ["int32", "int8"]


def test_random_graphs_are_equal_to_keras_or_refused() -> None:
    """Prints what became of them: `pytest -s`."""
    refusals: Counter[str] = Counter()
    different, unnamed, coarse, converted = [], [], [], 0
    for outcome in outcomes([graph(number) for number in range(RANDOM_GRAPHS)]):
        if outcome.refusal:
            refusals[outcome.kind] += 1
            unnamed += [outcome] if outcome.crashed or not outcome.named else []
            coarse += [outcome] if outcome.coarse else []
        else:
            converted += 1
            different += [] if outcome.equal else [outcome]
    print(f"{RANDOM_GRAPHS} random graphs: {converted} converted, {len(different)} differ")
    for kind, count in refusals.most_common():
        print(f"{count:5} refused: {kind}")
    assert not different
    assert not unnamed
    assert not [outcome for outcome in coarse if outcome.job.dtype == Precision.FLOAT32]
    assert len(coarse) <= RANDOM_GRAPHS / 50  # of int8, what an output or a layer cannot bear
    assert converted > RANDOM_GRAPHS // 4
