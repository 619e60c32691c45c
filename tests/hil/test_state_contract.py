"""State is a contract: kept when asked for, gone after a reset, and nothing in between.

What the device answers to the same sequences from a reset each, carried over, and as one request
is streamed once and compared with every other way of asking (`Loaded.fresh`, `carried`, `whole`).

Whether a variant has state between Invokes is said by the device itself (`state_bytes`): a fused
LSTM has, and a single-step model, whose states the device feeds back; an unrolled cell or a WHILE
loop starts from zero each time.
"""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.chaos import ALLOWED, chaos
from tflm_hil.comparison.metrics import compare
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.long_sequence import perturbed
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.device_outputs import device_outputs
from tflm_hil.measure.measure import Measured
from tflm_hil.models.tflite.variables import KEEPING
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute, compute_many
from tflm_hil.references.keras_config import has_stateful_layer
from tflm_hil.report.render.drifts import chaos_sentence

from tests.hil.conftest import FEW, Loaded, few

ORDER = list(range(FEW))
# On probabilities. Wider than for a single sequence (1e-6): the state carries the difference of the
# two float libraries through 8 steps of FEW sequences, where it grows. Beyond it, rounding has to
# explain the difference: see harness/tflm_hil/comparison/chaos.py.
FLOAT_BOUND = 2e-5


def test_same_bits_twice_after_reset(loaded: Loaded) -> None:
    assert loaded.fresh() == loaded.outputs(ORDER)


def test_same_bits_after_loading_again(loaded: Loaded) -> None:
    before = loaded.fresh()
    loaded.device.step(loaded.sequences[0])  # leaves state behind
    model = loaded.device.model
    assert model is not None
    loaded.device.load(model.hash)
    again = loaded.outputs(ORDER[:3])  # each from a reset: what is wrong after LOAD is at once
    assert again == before[:3]


def test_order_of_sequences_does_not_matter(loaded: Loaded) -> None:
    assert loaded.outputs(ORDER[::-1]) == loaded.fresh()[::-1]


def test_whole_run_does_not_depend_on_its_neighbours(loaded: Loaded, measured: Measured) -> None:
    """The first sequences alone give what they gave among all the others."""
    alone = b"".join(loaded.fresh())
    among = measured.streamed.blocks[:FEW]
    assert alone[: sum(map(len, among))] == b"".join(among)


def test_chunked_is_whole(loaded: Loaded) -> None:
    """Steps sent one by one, without a reset between, equal the same steps in one request."""
    whole = loaded.whole()
    assert b"".join(loaded.carried()) == whole.outputs
    assert whole.steps == len(ORDER) * loaded.steps


def state_of(variant: Variant) -> str:
    """What keeps the state, by name, for the sentence of a failure: operators, resource variables,
    or states that the device feeds back.
    """
    model = variant.inspection()
    keepers = [
        f"operator {op.index} {op.name}"
        for graph in model.subgraphs
        for op in graph.operators
        if op.name == "ASSIGN_VARIABLE"
        or op.name in KEEPING
        or any(index >= 0 and graph.tensors[index].variable for index in op.inputs)
    ]
    keepers += [f"input {pair.name}, fed back" for pair in variant.state_pairs()]
    return f"the state of {', '.join(keepers)}"


def kernels_of(loaded: Loaded) -> str:
    """Engine and kernels that the device says it has."""
    hello = loaded.device.hello()
    return f"engine {hello.engine} ({hello.kernels} kernels)"


@pytest.fixture(scope="module")
def _carried_at_once(request: pytest.FixtureRequest) -> None:
    """What the wheel carries over, of all variants of this session in one process: into the cache,
    where `compute` finds it."""
    params = [getattr(item, "callspec", None) for item in request.session.items]
    values = [spec.params.get("variant") for spec in params if spec is not None]
    variants = {item.id: item for item in values if isinstance(item, Variant) and not item.left_out}
    compute_many(variants.values(), first=FEW, mode="carry", frameworks=("tflm",))


def shows_state(variant: Variant) -> bool:
    """Whether the state of these sequences changes an output at all, on desktop TFLM."""
    carried, fresh = (
        compute(variant, few(variant), mode=mode, frameworks=("tflm",)).references["tflm"].tensors
        for mode in ("carry", "reset_each")
    )
    return any(not np.array_equal(a.stored, b.stored) for a, b in zip(carried, fresh, strict=True))


def test_state_carries_over_when_asked_and_only_then(loaded: Loaded, variant: Variant) -> None:
    model = loaded.device.model
    assert model is not None
    fresh, carried = loaded.fresh(), loaded.carried()
    assert carried[0] == fresh[0], "nothing was there to carry over before the first sequence"
    if model.state_bytes:
        assert carried[1:] != fresh[1:] or not shows_state(variant), (
            f"{state_of(variant)} ({model.state_bytes} bytes) is wiped at each Invoke by "
            f"{kernels_of(loaded)}: a sequence cut into chunks gives other outputs than the whole"
        )
    else:
        assert carried == fresh, "the model has no state, yet its outputs depend on the past"


def check_against_keras(variant: Variant, board: RungOutputs) -> None:
    """A stateful Keras model, fed in the same chunks, remembers what the device does; as far as
    the manifest lets the two be apart.
    """
    bounds = [
        limit.maximum
        for limit in variant.limits
        if (limit.rung, limit.measure) == ("tflite", "max_abs") and limit.maximum is not None
    ]
    keras = compute(variant, few(variant), mode="carry", frameworks=("keras",)).rungs["keras"]
    rungs = aligned({"keras": keras, "board": board})
    distance = compare(rungs["board"], rungs["keras"])
    # the mean: a pulse that is taken one step later is a large difference at a single step
    assert distance.rmse is not None
    assert all(distance.rmse <= bound for bound in bounds), (
        f"{state_of(variant)} is not what Keras remembers: RMS difference {distance.rmse:.3g}"
    )


@pytest.mark.usefixtures("_carried_at_once")
def test_carry_over_equals_desktop_tflm(loaded: Loaded, variant: Variant) -> None:
    """What the device carries over is what the wheel carries over, bit for bit for integers, and
    what a stateful Keras model remembers.
    """
    model = loaded.device.model
    assert model is not None
    carried = loaded.carried()
    wheel = compute(variant, few(variant), mode="carry", frameworks=("tflm",))
    board = device_outputs(carried, model, wheel.references["tflm"].tensors)[0]
    if board.integer:
        differing = np.count_nonzero(board.stored != wheel.rungs["tflm"].stored)
        assert differing == 0, (
            f"{differing} of {board.stored.size} outputs differ from desktop TFLM once "
            f"{state_of(variant)} is carried over, with {kernels_of(loaded)}"
        )
    else:
        expected = wheel.rungs["tflm"].values
        bound = FLOAT_BOUND * max(1.0, float(np.max(np.abs(expected))))
        if np.max(np.abs(board.values - expected)) > bound:
            # e.g. 28 rows of FEW images are 336 steps: how far do runs on the desktop part?
            moved = Samples(perturbed(few(variant).inputs))
            others = [
                compute(variant, moved, mode="carry", frameworks=("tflm",)).rungs["tflm"],
                compute(variant, few(variant), mode="carry", frameworks=("tflite",)).rungs[
                    "tflite"
                ],
            ]
            ours, wheels, *desktop = (
                values.reshape(-1, values.shape[-1])
                for values in (board.values, expected, *(other.values for other in others))
            )
            record = chaos(ours, wheels, desktop, floor=bound / ALLOWED)
            assert record.explained, chaos_sentence(record)
    if variant.keras is not None and has_stateful_layer(variant.keras.path):
        check_against_keras(variant, board)


def test_reset_is_complete_after_any_history(loaded: Loaded) -> None:
    fresh = loaded.fresh()[:1]
    for length in (1, 3, FEW):
        loaded.outputs(ORDER[:length], reset=False)
        loaded.device.reset_state()
        assert loaded.outputs([0], reset=False) == fresh, f"after {length} sequences"


@pytest.mark.parametrize("count", [1, 2, FEW])
def test_only_the_last_output_on_request(loaded: Loaded, count: int) -> None:
    steps = count * loaded.steps
    blocks = loaded.sequences[:count]
    (last,) = loaded.device.stream([SequenceRequest(0, blocks, all_outputs=False)])
    assert len(loaded.whole().outputs) == FEW * loaded.steps * len(last.outputs)
    every = loaded.whole().outputs[: steps * len(last.outputs)]
    assert every.endswith(last.outputs)
    assert last.steps == steps
