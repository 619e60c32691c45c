"""A network by its equations: masks, calls, hooks and decoders, on values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.references.equations.cells import Layer, OwnCell, States, from_keras, own_layer
from tflm_hil.references.equations.network import Backward, Decoder, Network, Plain, Recurrent
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.plain import MaskUse

Array = NDArray[np.float64]


def adder() -> Layer:
    """h' = x + h."""
    return from_keras("simple_rnn", np.ones((1, 1)), np.ones((1, 1)), None, activation="linear")


def column(*values: float) -> Array:
    """One sequence of one feature."""
    return np.array(values, float)[None, :, None]


def outputs(network: Network, x: Array, **options: object) -> list[float]:
    values, _ = network.run(x, **options)  # type: ignore[arg-type]
    return [float(value) for value in values.ravel()]


MASK = np.array([[False, True, False, True]])


def test_a_masked_step_repeats_the_output_before_it_and_the_first_is_zero() -> None:
    layer = Recurrent(adder(), sequences=True, initial=(np.array([5.0]),))
    x = column(100, 1, 100, 1)
    assert outputs(Network([layer]), x, mask=MASK) == [0, 6, 6, 7]
    assert outputs(Network([replace(layer, zero_masked=True)]), x, mask=MASK) == [0, 6, 0, 7]
    assert outputs(Network([replace(layer, ignores_mask=True)]), x, mask=MASK)[0] == 105


def test_a_mask_goes_on_behind_layers_that_keep_it_only() -> None:
    first, second = Recurrent(adder(), sequences=True), Recurrent(adder())
    x = column(100, 1, 100, 1)
    for use, expected in ((MaskUse.KEPT, 1 + 2), (MaskUse.DROPPED, 0 + 1 + 1 + 2)):
        network = Network([first, Plain("between", lambda h: h, use), second])
        assert outputs(network, x, mask=MASK) == [expected]
    with pytest.raises(NotExpressible) as refusal:
        outputs(Network([Plain("mean", lambda h: h, MaskUse.COUNTS), second]), x, mask=MASK)
    assert (refusal.value.obstacle, refusal.value.layer) == (Obstacle.MASKED, "mean")


def test_only_stateful_layers_remember_from_call_to_call() -> None:
    kept, fresh = Recurrent(adder(), stateful=True), Recurrent(adder())
    x = column(1, 2, 3, 4)
    assert outputs(Network([kept]), x, calls=2) == [3, 10]
    assert outputs(Network([fresh]), x, calls=2) == [3, 7]


def test_steps_are_counted_through_all_calls() -> None:
    seen: list[int] = []

    def note(t: int, states: States) -> States:
        seen.append(t)
        return states

    outputs(
        Network([Recurrent(adder(), stateful=True, state_at=note)]), column(1, 2, 3, 4), calls=2
    )
    assert seen == [0, 1, 2, 3]


def test_states_can_be_handed_on() -> None:
    network = Network([Recurrent(adder())])
    _, held = network.run(column(1, 2))
    values, _ = network.run(column(4), held=held)
    assert values.tolist() == [[7]]


@pytest.mark.parametrize(("merge", "expected"), [("sum", 8), ("mul", 15), ("ave", 4)])
def test_halves_are_merged_in_the_order_of_time(merge: str, expected: float) -> None:
    layer = Recurrent(adder(), sequences=True, backward=Backward(adder(), merge=merge))
    # forward 1, 3, 6; backward 6, 5, 3
    assert outputs(Network([layer]), column(1, 2, 3))[1] == expected


def test_a_cell_of_somebodys_own_has_an_output_of_its_own() -> None:
    def halved(_: object, _config: object, x: Array, states: States) -> tuple[Array, States]:
        (h,) = states
        return 0.5 * (h + x), (h + x,)

    layer = own_layer(OwnCell("Halved", halved, {}, {}, (1,)))
    assert layer.gates == ()
    network = Network([Recurrent(layer, sequences=True)])
    assert outputs(network, column(2, 4, 6)) == [1, 3, 6]
    mask = np.array([[True, False, True]])
    assert outputs(network, column(2, 100, 6), mask=mask) == [1, 1, 4]


def test_a_decoder_takes_what_it_put_out() -> None:
    decoder = Decoder(adder(), lambda h: 2.0 * h, np.array([1.0]), 3)
    network = Network([Recurrent(adder())], decoder)
    # h: 5 + 1 = 6, 6 + 12 = 18, 18 + 36 = 54
    assert outputs(network, column(2, 3)) == [12, 36, 108]
    forgetful = Network(network.parts, replace(decoder, takes_state=False))
    assert outputs(forgetful, column(2, 3)) == [2, 6, 18]


def test_steps_that_are_no_vectors_are_refused() -> None:
    with pytest.raises(NotExpressible) as refusal:
        Network([Recurrent(adder(), name="film")]).run(np.zeros((1, 2, 3, 4)))
    assert (refusal.value.obstacle, refusal.value.detail) == (Obstacle.STEP_AXES, "2")
