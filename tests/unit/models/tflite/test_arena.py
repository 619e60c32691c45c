"""The arena estimate: what shares memory, what does not, and that it is what the board says."""

import itertools
import json

import pytest
from tflm_hil.models.tflite.arena import BuiltinArena, estimate
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.zoo.manifest import load_zoo
from tflm_hil.paths import REPOSITORY
from tflm_hil.vocabulary import Certainty, Engine

from tests.support.graph_builder import ModelBuilder

ZOO = REPOSITORY / "fixtures" / "models"
SAMPLE = REPOSITORY / "reports" / "sample" / "report.json"


def parts(content: bytes) -> BuiltinArena:
    arena = estimate(inspect(content)).parts
    assert arena is not None
    return arena


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
    assert parts(chain(operators)).activations == 3 * 64  # the input stays


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
    assert parts(model.content()).activations == 4 * 64 + 192


def test_constants_cost_nothing_and_states_are_counted_apart() -> None:
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 16))
    main.tensor("weights", (100, 16), data=1)
    h = main.tensor("h", (1, 20), "int8", variable=True)
    y = main.tensor("y", (1, 16))
    main.operator("ADD", [x, h], [y], "Add")
    main.finish([x], [y])
    arena = parts(model.content())
    assert (arena.activations, arena.states) == (2 * 64, 20)
    assert arena.total == arena.activations + arena.states + arena.engine


@pytest.mark.slow
def test_the_whole_zoo_is_what_the_board_said() -> None:
    """`arena_bytes` of the sample report are LOAD's answers on the emulated board."""
    report = json.loads(SAMPLE.read_text(encoding="utf-8"))
    said = {variant["id"]: variant["arena_bytes"] for variant in report["variants"]}
    paths = {variant.id: variant.path for model in load_zoo(ZOO) for variant in model.variants}
    assert len(said) > 190
    estimates = {name: estimate(inspect(paths[name].read_bytes())) for name in said}
    assert {name: item.total for name, item in estimates.items()} == said
    assert {item.certainty for item in estimates.values()} == {Certainty.EXACT}
    assert all(item.at_least <= said[name] for name, item in estimates.items())


def test_an_operator_that_the_engine_lacks_leaves_the_figure_unknown() -> None:
    model = ModelBuilder()
    main = model.graph()
    x, y = main.tensor("x", (1, 16)), main.tensor("y", (1, 32))
    times = main.tensor("times", (2,), "int32", data=[1, 2])
    main.operator("TILE", [x, times], [y])
    main.finish([x], [y])
    arena = estimate(inspect(model.content()))
    assert (arena.certainty, arena.total, arena.at_least) == (Certainty.UNKNOWN, None, 64 + 128)


def test_what_fits() -> None:
    model = inspect(chain(3))
    exact, unknown = estimate(model), estimate(model, Engine.TFLM)
    assert exact.total is not None
    assert (exact.fits(exact.total), exact.fits(exact.total - 1)) == (True, False)
    assert unknown.certainty is Certainty.UNKNOWN
    assert (unknown.fits(1 << 20), unknown.fits(2 * 64 - 1)) == (None, False)
