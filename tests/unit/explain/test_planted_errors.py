"""Each of the known mistakes is planted, found and named.

The mistakes are built into a second implementation (`tests.support.mutants`); what it puts out is
rounded to 8 bits. `PLANTED` holds those that a diagnosis names from outputs. Two cannot be seen in
outputs, since there may be none or right ones: they are read from the graph (`GRAPH`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.rank import Diagnosis, Known, diagnose
from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints import lint
from tflm_hil.references.equations.cells import Layer, from_keras
from tflm_hil.references.equations.network import Backward, Decoder, Recurrent
from tflm_hil.references.equations.plain import Dense
from tflm_hil.report.causes import ErrorGrows, StepError, Unexamined
from tflm_hil.report.kinds import KNOWN_KINDS, CauseKind
from tflm_hil.report.mistakes import (
    Bias,
    BiasCounts,
    CellBounded,
    End,
    FeaturesRotated,
    Fill,
    FirstInputSymbol,
    GatesReordered,
    How,
    InputOverwrites,
    InputsBounded,
    InputScaled,
    OtherFunction,
    OutputReadAs,
    RecurrentWeightsCount,
    RunTwiceDiffers,
    Shifted,
    StateReadAs,
    Way,
    WipedEvery,
    WithinRounding,
)

from tests.support.figures import close
from tests.support.mutants import LSB, Plain, on_grid, plain, sequences, sigmoid

pytestmark = pytest.mark.slow  # fits figures, a second each

Array = NDArray[np.float64]


def layer_of(network: Plain, *, bias: Array | None = None) -> Layer:
    return from_keras(
        network.kind,  # type: ignore[arg-type]
        network.kernel,
        network.recurrent,
        network.bias if bias is None else bias,
        reset_after=network.reset_after,
    )


def case_of(network: Plain, inputs: Array, *, initial: Any = None, mask: Any = None) -> Case:
    layer = Recurrent(layer_of(network), network.per_step, initial=initial)
    return Case((layer, Dense(network.dense, network.dense_bias)), inputs, mask)


@dataclass(frozen=True)
class Planted:
    """A mistake: its kind, how it must be said to be made, and how to make it."""

    kind: CauseKind
    how: How
    make: Callable[[], tuple[Case, Array]]

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.how if isinstance(self.how, Way) else self.how.form}"


def mutated(kind: str, **mistake: Any) -> Callable[[], tuple[Case, Array]]:
    """A mistake inside the network."""

    def make() -> tuple[Case, Array]:
        right = plain(kind)
        x = sequences()
        return case_of(right, x), replace(right, **mistake).run(x)

    return make


def misread(kind: str, change: Callable[[Array], Array], **shape: Any) -> Callable[[], Any]:
    """A mistake on the way of the input."""

    def make() -> tuple[Case, Array]:
        right = plain(kind)
        x = sequences(**shape)
        return case_of(right, x), right.run(change(x))

    return make


def initial_state() -> tuple[Case, Array]:
    right = plain("gru")
    x = sequences(steps=4)
    h = np.random.default_rng(1).uniform(-0.9, 0.9, 8)
    return case_of(right, x, initial=(h,)), right.run(x)


def clipped(bound: float) -> Callable[[], tuple[Case, Array]]:
    """Integrate +1 for 35 steps, then -1 for 15 (so that the cell passes its bound)."""

    def make() -> tuple[Case, Array]:
        units = 2
        zero = np.zeros((1, units))
        gates = [zero, zero, zero + 6.0, zero]  # i, f and o open by their bias, g follows x
        network = Plain(
            "lstm",
            np.concatenate(gates, axis=1),
            np.zeros((units, 4 * units)),
            np.repeat([9.0, 9.0, 0.0, 9.0], units),
            np.eye(units),
            np.zeros(units),
            per_step=True,
        )
        x = np.concatenate([np.ones((1, 35, 1)), -np.ones((1, 30, 1))], axis=1)
        x = np.concatenate([x, 0.5 * x, -x])
        return case_of(network, x), replace(network, clip=bound).run(x)

    return make


def drifting() -> tuple[Case, Array]:
    """A slow network whose recurrent weights lost 0.5 % to quantisation, over 300 steps."""
    units = 4
    random = np.random.default_rng(4)
    network = Plain(
        "simple_rnn",
        0.02 * random.standard_normal((3, units)),
        0.99 * np.eye(units),
        0.003 * random.standard_normal(units),
        np.eye(units),
        np.zeros(units),
        per_step=True,
    )
    x = sequences(count=4, steps=300, features=3)
    return case_of(network, x), replace(network, recurrent=0.995 * network.recurrent).run(x)


def masked(ignore: bool) -> Callable[[], tuple[Case, Array]]:
    """Two and more lengths, padded with zeros behind."""

    def make() -> tuple[Case, Array]:
        right = plain("lstm")
        x = sequences()
        lengths = [4 + number % 8 for number in range(len(x))]
        mask = np.arange(x.shape[1])[None] < np.array(lengths)[:, None]
        x = np.where(mask[..., None], x, 0.0)
        if ignore:
            return case_of(right, x, mask=mask), right.run(x)
        front = np.zeros_like(x)
        for row, length in enumerate(lengths):
            front[row, -length:] = x[row, :length]
        return case_of(right, x, mask=mask), right.run(front)

    return make


def bidirectional(
    reads: Callable[[Array], Array], writes: Callable[[Array], Array], *, turned: bool = False
) -> Callable[[], tuple[Case, Array]]:
    def make() -> tuple[Case, Array]:
        one, two = (replace(plain("gru", seed), per_step=True) for seed in (3, 8))
        x = sequences()
        halves = [_hidden(one, x), writes(_hidden(two, reads(x)))]
        joined = np.concatenate(halves[::-1] if turned else halves, axis=-1)
        dense = np.random.default_rng(2).standard_normal((16, 3))
        both = Recurrent(layer_of(one), True, backward=Backward(layer_of(two)))
        return Case((both, Dense(dense, np.zeros(3))), x), on_grid(joined @ dense)

    return make


def bidirectional_last() -> tuple[Case, Array]:
    """Only the last output of each half counts: for the backward one that of step 0."""
    one, two = (replace(plain("lstm", seed), per_step=True) for seed in (3, 8))
    x = sequences()
    dense = np.random.default_rng(2).standard_normal((16, 3))
    both = Recurrent(layer_of(one), backward=Backward(layer_of(two)))
    case = Case((both, Dense(dense, np.zeros(3))), x)
    joined = np.concatenate([_hidden(one, x)[:, -1], _hidden(two, x)[:, -1]], axis=-1)
    right = np.concatenate([_hidden(one, x)[:, -1], _hidden(two, x[:, ::-1])[:, -1]], axis=-1)
    assert np.abs(forward(case) - right @ dense).max() < 1e-5
    return case, on_grid(joined @ dense)


def _hidden(network: Plain, x: Array) -> Array:
    units = len(network.recurrent)
    fine = replace(network, dense=1e4 * np.eye(units), dense_bias=np.zeros(units))
    return fine.run(x) / 1e4  # past the grid


def decoded(seed: Array, *, keep: bool = True) -> Callable[[], tuple[Case, Array]]:
    """An encoder-decoder whose decoder starts with `seed`; the right one is symbol 0."""

    def make() -> tuple[Case, Array]:
        encoder, decoder = plain("gru"), plain("gru", 8, features=3)
        x = sequences()
        start = np.eye(3)[0]
        head = Dense(encoder.dense, encoder.dense_bias)
        case = Case(
            (Recurrent(layer_of(encoder)),), x, decoder=Decoder(layer_of(decoder), head, start, 5)
        )
        rows = []
        for h in _hidden(encoder, x):
            states = [h if keep else np.zeros(8), np.zeros(8)]
            y, outputs = seed, []
            for t in range(5):
                states = decoder.step(y, states, t)
                y = states[0] @ encoder.dense + encoder.dense_bias
                outputs.append(y)
            rows.append(outputs)
        return case, on_grid(np.array(rows))

    return make


def bytes_exchanged(x: Array) -> Array:
    return x.reshape(*x.shape[:2], -1, 2)[..., ::-1].reshape(x.shape)


def hard_sigmoid(slope: float) -> Callable[[Array], Array]:
    return lambda x: np.clip(slope * x + 0.5, 0, 1)


def without_bias(kind: str, *rows: int) -> Callable[[], tuple[Case, Array]]:
    def make() -> tuple[Case, Array]:
        right = plain(kind)
        bias = right.bias.copy()
        bias[list(rows) if rows else slice(None)] = 0
        x = sequences()
        return case_of(right, x), replace(right, bias=bias).run(x)

    return make


def late(lag: int) -> Callable[[Array], Array]:
    def change(x: Array) -> Array:
        moved = np.roll(x, lag, axis=1)
        moved[:, slice(0, lag) if lag > 0 else slice(lag, None)] = 0
        return moved

    return change


same = np.asarray


def backwards(x: Array) -> Array:
    return x[:, ::-1]


PLANTED = [
    Planted(CauseKind.STATE_LEAKS, Way.LEAKS_INTO_NEXT, mutated("gru", keep_state=True)),
    Planted(CauseKind.STATE_LEAKS, Way.LEAKS_INTO_NEXT, mutated("lstm", keep_state=True)),
    Planted(CauseKind.STATE_LOST, WipedEvery(5), mutated("lstm", wipe_every=5)),
    Planted(CauseKind.STATE_LOST, WipedEvery(1), mutated("simple_rnn", wipe_every=1)),
    Planted(CauseKind.INITIAL_STATE_IGNORED, Way.STARTS_AT_ZERO, initial_state),
    Planted(
        CauseKind.STATE_SCALE,
        StateReadAs("c", 0.6, 0.1),
        mutated("lstm", between=lambda s: [s[0], 0.6 * s[1] + 0.1]),
    ),
    Planted(
        CauseKind.STATE_SCALE,
        StateReadAs("h", 1.4, 0.0),
        mutated("gru", between=lambda s: [1.4 * s[0], s[1]]),
    ),
    Planted(
        CauseKind.STATES_SWAPPED,
        Way.STATES_EXCHANGED,
        mutated("lstm", between=lambda s: [s[1], s[0]]),
    ),
    Planted(
        CauseKind.OUTPUT_SCALE,
        OutputReadAs(0.7, 0.0),
        mutated("lstm", read_output=lambda h: 0.7 * h),
    ),
    Planted(CauseKind.BIAS_SCALE, BiasCounts(Bias.ALL, 1.8), mutated("gru", later_bias=1.8)),
    Planted(CauseKind.CELL_CLIPPED, CellBounded(10.0), clipped(10.0)),
    Planted(CauseKind.CELL_CLIPPED, CellBounded(16.0), clipped(16.0)),
    Planted(CauseKind.ERROR_GROWS, RecurrentWeightsCount(0.995), drifting),
    Planted(
        CauseKind.CALIBRATION_RANGE,
        InputsBounded(0.8),
        misread("lstm", lambda x: np.clip(x, -0.8, 0.8)),
    ),
    Planted(
        CauseKind.NORMALISATION, InputScaled(0.5, 0.2), misread("gru", lambda x: 0.5 * x + 0.2)
    ),
    Planted(CauseKind.NORMALISATION, InputScaled(1 / 255, 0.0), misread("lstm", lambda x: x / 255)),
    Planted(
        CauseKind.FEATURE_ORDER, Way.FEATURES_REVERSED, misread("gru", lambda x: x[:, :, ::-1])
    ),
    Planted(CauseKind.FEATURE_ORDER, Way.FEATURE_PAIRS_EXCHANGED, misread("lstm", bytes_exchanged)),
    Planted(CauseKind.TIME_SHIFT, Shifted(1, Fill.ZERO), misread("lstm", late(1))),
    Planted(CauseKind.TIME_SHIFT, Shifted(-2, Fill.ZERO), misread("gru", late(-2))),
    Planted(CauseKind.TIME_SHIFT, Way.TIME_REVERSED, misread("gru", backwards)),
    Planted(
        CauseKind.AXES_EXCHANGED,
        Way.FEATURES_READ_AS_TIME,
        misread("lstm", lambda x: x.transpose(0, 2, 1).reshape(x.shape)),
    ),
    Planted(CauseKind.MASK_IGNORED, Way.PADDING_AS_DATA, masked(ignore=True)),
    Planted(CauseKind.MASK_IGNORED, Way.PADDING_AT_OTHER_END, masked(ignore=False)),
    Planted(
        CauseKind.GATE_ORDER,
        GatesReordered(("r", "z", "h"), ("z", "r", "h")),
        mutated("gru", columns=(1, 0, 2)),
    ),
    Planted(
        CauseKind.GATE_ORDER,
        GatesReordered(("i", "c", "f", "o"), ("i", "f", "c", "o")),
        mutated("lstm", columns=(0, 2, 1, 3)),
    ),
    Planted(CauseKind.BIAS_OR_RESET, Way.RECURRENT_BIAS_MISSING, without_bias("gru", 1)),
    Planted(CauseKind.BIAS_OR_RESET, Way.BIASES_MISSING, without_bias("lstm")),
    Planted(CauseKind.BIAS_OR_RESET, Way.RESET_BEFORE_PRODUCT, mutated("gru", reset_after=False)),
    Planted(
        CauseKind.ACTIVATION,
        OtherFunction("hard_sigmoid_keras2", "sigmoid", in_gates=True),
        mutated("lstm", gate=hard_sigmoid(0.2)),
    ),
    Planted(
        CauseKind.ACTIVATION,
        OtherFunction("hard_sigmoid", "sigmoid", in_gates=True),
        mutated("gru", gate=hard_sigmoid(1 / 6)),
    ),
    Planted(
        CauseKind.ACTIVATION,
        OtherFunction("relu", "tanh", in_gates=False),
        mutated("simple_rnn", phi=lambda x: np.clip(x, 0, None)),
    ),
    Planted(
        CauseKind.MEMORY_OVERLAP, InputOverwrites("h", End.FIRST, 4), mutated("gru", overlap=True)
    ),
    Planted(CauseKind.BACKWARD_HALF, Way.BACKWARD_READS_FORWARDS, bidirectional(same, same)),
    Planted(CauseKind.BACKWARD_HALF, Way.BACKWARD_READS_FORWARDS, bidirectional_last),
    Planted(CauseKind.BACKWARD_HALF, Way.BACKWARD_STAYS_REVERSED, bidirectional(backwards, same)),
    Planted(
        CauseKind.BACKWARD_HALF,
        Way.BACKWARD_COMES_FIRST,
        bidirectional(backwards, backwards, turned=True),
    ),
    Planted(CauseKind.DECODER_START, Way.FIRST_INPUT_ZERO, decoded(np.zeros(3))),
    Planted(CauseKind.DECODER_START, FirstInputSymbol(2), decoded(np.eye(3)[2])),
    Planted(CauseKind.DECODER_START, Way.ENCODER_STATE_MISSING, decoded(np.eye(3)[0], keep=False)),
]


# Rounding imitates a drift: that the error grows has to be seen, too.
GROWS = ErrorGrows((StepError(10, 0.001), StepError(100, 0.01)))


def check(diagnosis: Diagnosis, kind: CauseKind, how: How) -> None:
    cause = diagnosis.cause
    assert cause is not None, diagnosis
    assert cause.kind is kind, cause
    assert cause.mistake is not None, cause
    assert any(close(item.how, how) for item in (cause.mistake, *cause.alike)), cause


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.id)
def test_planted_error_is_found_and_named(planted: Planted) -> None:
    case, observed = planted.make()
    assert np.sqrt(np.mean((forward(case) - observed) ** 2)) > 3 * LSB, "nothing was planted"
    grows = planted.kind is CauseKind.ERROR_GROWS
    known = Known(LSB, evidence={planted.kind: GROWS} if grows else {})
    diagnosis = diagnose(case, observed, known)
    check(diagnosis, planted.kind, planted.how)
    assert diagnosis.cause is not None
    assert diagnosis.cause.evidence == ((GROWS,) if grows else ())
    assert diagnosis.cause.share == pytest.approx(1.0, abs=0.25)
    assert diagnosis.ranking[0].left <= diagnosis.ranking[-1].left


def test_kernel_variants_round_differently() -> None:
    right, x = plain("lstm"), sequences()
    off_by_one = np.random.default_rng(1).integers(-1, 2, (len(x), 3)) * LSB
    diagnosis = diagnose(case_of(right, x), right.run(x) + off_by_one, Known(LSB))
    check(diagnosis, CauseKind.KERNEL_VARIANTS, WithinRounding(1.5 * LSB, 2.0))


def test_a_reference_that_is_not_deterministic() -> None:
    right, x = plain("gru"), sequences()
    case, once = case_of(right, x), right.run(x)
    diagnosis = diagnose(case, once, Known(LSB, differs_again=0.25))
    check(diagnosis, CauseKind.REFERENCE_VARIES, RunTwiceDiffers(0.25))
    again = diagnose(case, forward(case))
    assert (again.cause, again.unexamined) == (None, Unexamined.NOTHING_DIFFERS)


def tensor(index: int, type_: str, *, open_shape: bool = False) -> Tensor:
    signature = (1, -1) if open_shape else (1, 4)
    scales = (0.1,) if type_ == "int8" else ()
    return Tensor(index, f"t{index}", type_, (1, 4), signature, scales, (0,), 0, 0, False)


def operator(index: int, name: str, source: int, target: int) -> Operator:
    return Operator(index, 0, name, 1, (source,), (target,))


def model(*graphs: Subgraph) -> Inspection:
    return Inspection(3, "", 0, graphs, ())


GRAPH = {
    CauseKind.DYNAMIC_SHAPE: (
        "dynamic-shape-in-loop",
        model(
            Subgraph(0, "main", (tensor(0, "float32"), tensor(1, "float32")),
                     (operator(0, "WHILE", 0, 1),), (0,), (1,)),
            Subgraph(1, "body", (tensor(0, "float32"), tensor(1, "float32", open_shape=True)),
                     (operator(0, "SLICE", 0, 1),), (0,), (1,)),
        ),
    ),
    CauseKind.FLOAT_ISLAND: (
        "float-island",
        model(
            Subgraph(0, "main",
                     (tensor(0, "int8"), tensor(1, "float32"), tensor(2, "float32"),
                      tensor(3, "int8")),
                     (operator(0, "DEQUANTIZE", 0, 1), operator(1, "TANH", 1, 2),
                      operator(2, "QUANTIZE", 2, 3)), (0,), (3,)),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GRAPH)
def test_what_outputs_cannot_show_is_read_from_the_graph(kind: CauseKind) -> None:
    code, planted = GRAPH[kind]
    assert code in {finding.code for finding in lint(planted)}


def test_every_known_mistake_is_planted() -> None:
    apart = {CauseKind.KERNEL_VARIANTS, CauseKind.REFERENCE_VARIES, CauseKind.NOT_FINITE}
    # of other engines than ours: integration/explain/test_peculiar_kernels.py
    apart |= {CauseKind.KERNEL_FORGETS, CauseKind.SINGLE_PRECISION}
    assert {planted.kind for planted in PLANTED} | apart | set(GRAPH) == set(KNOWN_KINDS)


@pytest.mark.parametrize("kind", ["simple_rnn", "gru", "lstm"])
def test_a_right_network_is_not_suspected(kind: str) -> None:
    right, x = plain(kind), sequences()
    diagnosis = diagnose(case_of(right, x), right.run(x), Known(LSB))
    assert diagnosis.kind in (None, CauseKind.KERNEL_VARIANTS)


def test_noise_of_any_size_is_not_explained() -> None:
    right, x = plain("lstm"), sequences()
    noise = np.random.default_rng(3).standard_normal((len(x), 3))
    diagnosis = diagnose(case_of(right, x), right.run(x) + noise, Known(LSB))
    assert diagnosis.cause is not None
    assert diagnosis.cause.kind is CauseKind.UNKNOWN
    assert diagnosis.cause.mistake is None
    assert diagnosis.cause.difference == pytest.approx(1.0, abs=0.2)
    assert diagnosis.cause.nearest == diagnosis.ranking[0]
    assert len(diagnosis.ranking) >= 10


def test_outputs_that_are_not_finite_are_not_explained() -> None:
    right, x = plain("lstm"), sequences()
    diagnosis = diagnose(case_of(right, x), np.full((len(x), 3), np.nan))
    assert (diagnosis.cause, diagnosis.unexamined) == (None, Unexamined.NOT_FINITE)


def test_an_error_that_grows_stands_for_itself_if_nothing_explains_it() -> None:
    right, x = plain("lstm"), sequences()
    noise = np.random.default_rng(3).standard_normal((len(x), 3))
    known = Known(LSB, evidence={CauseKind.ERROR_GROWS: GROWS})
    cause = diagnose(case_of(right, x), right.run(x) + noise, known).cause
    assert cause is not None
    assert (cause.kind, cause.mistake) == (CauseKind.ERROR_GROWS, None)
    assert cause.evidence == (GROWS,)


def test_features_reversed_are_told_from_a_rotation_that_does_the_same() -> None:
    """Of two features, reversing, rotating and exchanging bytes are the same."""
    right = plain("gru", features=2)
    x = sequences(features=2)
    cause = diagnose(case_of(right, x), right.run(x[:, :, ::-1]), Known(LSB)).cause
    assert cause is not None
    assert cause.kind is CauseKind.FEATURE_ORDER
    assert cause.mistake is not None
    assert cause.mistake.how is Way.FEATURES_REVERSED
    assert {item.how for item in cause.alike} == {FeaturesRotated(1), Way.FEATURE_PAIRS_EXCHANGED}


def test_gates_of_the_plain_networks_are_those_of_the_equations() -> None:
    """The two implementations agree, so that what a test plants is the planted mistake alone."""
    for kind in ("simple_rnn", "gru", "lstm"):
        right, x = plain(kind), sequences()
        assert np.abs(forward(case_of(right, x)) - right.run(x)).max() <= LSB / 2 + 1e-9
    assert sigmoid(np.zeros(1))[0] == 0.5
