"""The cell equations against values worked out by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.references.equations.cells import ACTIVATIONS, GATES, from_keras, run, step


def column(*values: float) -> NDArray[np.float64]:
    """One sequence of one feature."""
    return np.array(values, float)[None, :, None]


def test_hard_limiter_latches_an_impulse() -> None:
    """W = U = 1, b = -0.5: once on, the unit keeps itself on."""
    unit = from_keras(
        "simple_rnn", np.ones((1, 1)), np.ones((1, 1)), np.array([-0.5]), activation="hard_limit"
    )
    outputs, _ = run(unit, column(0, 0, 1, 0, 0, 0, 0, 0))
    assert outputs.ravel().tolist() == [0, 0, 1, 1, 1, 1, 1, 1]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_step_by_hand(reset_after: bool) -> None:
    kernel, recurrent = np.array([[0.5, -0.4, 0.3]]), np.array([[0.2, 0.6, -0.7]])
    bias = np.array([[0.1, 0.2, 0.3], [0.05, -0.1, 0.4]])
    layer = from_keras(
        "gru", kernel, recurrent, bias if reset_after else bias[0], reset_after=reset_after
    )
    x, h = 0.8, 0.6
    ub = bias[1] if reset_after else [0, 0, 0]
    z = sigmoid(0.5 * x + 0.2 * h + 0.1 + ub[0])
    r = sigmoid(-0.4 * x + 0.6 * h + 0.2 + ub[1])
    inner = r * (-0.7 * h + ub[2]) if reset_after else -0.7 * (r * h)
    g = math.tanh(0.3 * x + 0.3 + inner)
    (new,) = step(layer, np.array([[x]]), (np.array([[h]]),))
    assert new[0, 0] == pytest.approx(z * h + (1 - z) * g, abs=1e-15)


def test_lstm_step_by_hand() -> None:
    kernel, recurrent = np.array([[0.5, -0.4, 0.3, 0.9]]), np.array([[0.2, 0.6, -0.7, 0.1]])
    bias = np.array([0.1, 1.0, 0.3, -0.2])
    layer = from_keras("lstm", kernel, recurrent, bias)
    x, h, c = 0.8, 0.6, -0.5
    i, f, g, o = kernel[0] * x + recurrent[0] * h + bias
    expected_c = sigmoid(f) * c + sigmoid(i) * math.tanh(g)
    new_h, new_c = step(layer, np.array([[x]]), (np.array([[h]]), np.array([[c]])))
    assert new_c[0, 0] == pytest.approx(expected_c, abs=1e-15)
    assert new_h[0, 0] == pytest.approx(sigmoid(o) * math.tanh(expected_c), abs=1e-15)


def test_a_masked_step_keeps_the_state() -> None:
    layer = from_keras("simple_rnn", np.ones((1, 1)), np.ones((1, 1)), None, activation="linear")
    mask = np.array([[True, False, True]])
    outputs, states = run(layer, column(1, 100, 1), mask=mask)
    assert outputs.ravel().tolist() == [1, 1, 2]
    assert states[0].item() == 2


def test_initial_state_and_changes_at_a_step() -> None:
    layer = from_keras("simple_rnn", np.ones((1, 1)), np.ones((1, 1)), None, activation="linear")
    start = (np.array([[5.0]]),)
    outputs, _ = run(
        layer,
        column(1, 1, 1),
        initial=start,
        state_at=lambda t, states: (0 * states[0],) if t == 2 else states,
    )
    assert outputs.ravel().tolist() == [6, 7, 1]


def test_gates_can_be_exchanged_and_exchanged_back() -> None:
    random = np.random.default_rng(1)
    layer = from_keras(
        "lstm", random.normal(size=(3, 8)), random.normal(size=(2, 8)), random.normal(size=8)
    )
    turned = layer.with_gates(("f", "i", "c", "o"))
    np.testing.assert_array_equal(turned.kernel["i"], layer.kernel["f"])
    np.testing.assert_array_equal(turned.bias["f"], layer.bias["i"])
    back = turned.with_gates(("f", "i", "c", "o"))
    for gate in GATES["lstm"]:
        np.testing.assert_array_equal(back.recurrent[gate], layer.recurrent[gate])


def test_the_two_hard_sigmoids_differ() -> None:
    x = np.array([-3.0, -2.5, 0.0, 1.0, 2.5, 3.0])
    two, three = ACTIVATIONS["hard_sigmoid_keras2"](x), ACTIVATIONS["hard_sigmoid"](x)
    np.testing.assert_allclose(two, [0, 0, 0.5, 0.7, 1, 1])
    np.testing.assert_allclose(three, [0, 1 / 12, 0.5, 2 / 3, 11 / 12, 1])


def test_sigmoid_does_not_overflow() -> None:
    with np.errstate(all="raise"):
        assert ACTIVATIONS["sigmoid"](np.array([-1e4, 1e4])).tolist() == [0, 1]


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="are no gru of 2 units"):
        from_keras("gru", np.zeros((3, 8)), np.zeros((2, 8)), None)
    with pytest.raises(ValueError, match="bias of shape"):
        from_keras("gru", np.zeros((3, 6)), np.zeros((2, 6)), np.zeros(6), reset_after=True)
