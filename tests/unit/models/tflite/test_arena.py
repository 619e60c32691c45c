"""The arena estimate: what shares memory, what does not, and how near it is to the board."""

import itertools
from pathlib import Path

import pytest
from tflm_hil.models.tflite.arena import estimate
from tflm_hil.models.tflite.inspect import inspect

from tests.support.graph_builder import ModelBuilder

ZOO = Path(__file__).parents[4] / "fixtures" / "models"

# Bytes in use after LOAD on the emulated NUCLEO-F746ZG, builtin engine.
MEASURED = {
    "digits_gru/float32-loop": 5760,
    "digits_gru/int8-unrolled": 30160,
    "digits_lstm/float32-loop": 5648,
    "digits_lstm/int8-unrolled": 29024,
    "digits_lstm/float32-fused": 2144,
    "digits_lstm/int8-fused": 1512,
    "digits_simple_rnn/float32-loop": 3744,
    "digits_simple_rnn/int8-unrolled": 10232,
}


def chain(operators: int) -> bytes:
    """TANH after TANH on 64 bytes each."""
    model = ModelBuilder()
    main = model.graph()
    tensors = [main.tensor(f"t{index}", (1, 16)) for index in range(operators + 1)]
    for before, after in itertools.pairwise(tensors):
        main.operator("TANH", [before], [after])
    main.finish([tensors[0]], [tensors[-1]])
    return model.content()


@pytest.mark.parametrize("operators", [2, 10, 50])
def test_tensors_that_are_not_alive_together_share_memory(operators: int) -> None:
    assert estimate(inspect(chain(operators))).activations == 2 * 64


def test_tensors_that_are_alive_together_do_not() -> None:
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 16))
    branches = [main.tensor(f"b{index}", (1, 16)) for index in range(3)]
    y = main.tensor("y", (1, 48))
    for branch in branches:
        main.operator("TANH", [x], [branch])
    main.operator("CONCATENATION", branches, [y], "Concatenation")
    main.finish([x], [y])
    assert estimate(inspect(model.content())).activations == 3 * 64 + 192


def test_constants_cost_nothing_and_states_are_counted_apart() -> None:
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 16))
    main.tensor("weights", (100, 16), data=1)
    h = main.tensor("h", (1, 20), "int8", variable=True)
    y = main.tensor("y", (1, 16))
    main.operator("ADD", [x, h], [y], "Add")
    main.finish([x], [y])
    arena = estimate(inspect(model.content()))
    assert (arena.activations, arena.states) == (2 * 64, 32)
    assert arena.total == arena.activations + arena.states + arena.engine


@pytest.mark.parametrize("name", MEASURED)
def test_near_the_board(name: str) -> None:
    arena = estimate(inspect((ZOO / f"{name}.tflite").read_bytes())).total
    assert arena == pytest.approx(MEASURED[name], rel=0.15)
