"""What a model keeps inside itself: variable tensors, and resource variables that it assigns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor, inspect
from tflm_hil.models.tflite.variables import KEEPING, keeps_state, never_assigned, variables
from tflm_hil.vocabulary import StateKeeper

from tests.support.graph_builder import ModelBuilder
from tests.unit.models.tflite.lints.test_lints import fused


def resource(*, assigned: str) -> bytes:
    """y = x + v, with v assigned at every step ("step"), once ("once") or never ("")."""
    model = ModelBuilder()
    main = model.graph()
    x, v, y = (main.tensor(name, (1, 2)) for name in "xvy")
    handle = main.tensor("the_variable", (), "resource")
    if assigned == "once":
        main.operator("CALL_ONCE", [], [], "CallOnce", initSubgraphIndex=1)
    main.operator("VAR_HANDLE", [], [handle], "VarHandle")
    main.operator("READ_VARIABLE", [handle], [v])
    main.operator("ADD", [x, v], [y], "Add")
    if assigned == "step":
        main.operator("ASSIGN_VARIABLE", [handle, y], [])
    main.finish([x], [y])
    if assigned == "once":
        init = model.graph("init")
        inner = init.tensor("inner", (), "resource")
        zero = init.tensor("zero", (1, 2), data=0.0)
        init.operator("VAR_HANDLE", [], [inner], "VarHandle")
        init.operator("ASSIGN_VARIABLE", [inner, zero], [])
        init.finish([], [])
    return model.content()


def test_variable_tensors_of_a_fused_layer() -> None:
    kept = variables(inspect(fused()))
    assert {item.keeper for item in kept} == {StateKeeper.VARIABLE}
    assert all(item.bytes > 0 for item in kept)


@pytest.mark.parametrize("name", sorted(KEEPING))
def test_memory_of_an_operator_s_own(name: str) -> None:
    """No tensor shows it; it is as large as the outputs, or larger."""
    shape = (1, 3)
    x, y = (
        Tensor(index, "xy"[index], "int16", shape, shape, (), (), 0, 0, False) for index in range(2)
    )
    operator = Operator(0, 32, name, 1, (0,), (1,))
    model = Inspection(3, "", 0, (Subgraph(0, "", (x, y), (operator,), (0,), (1,)),), ())
    (kept,) = variables(model)
    assert (kept.name, kept.bytes, kept.keeper) == ("y", 6, StateKeeper.OPERATOR)
    other = replace(operator, name="CUSTOM SignalWindow")
    assert not keeps_state(
        replace(model, subgraphs=(replace(model.subgraphs[0], operators=(other,)),))
    )


def test_resource_variable_that_every_step_assigns() -> None:
    (kept,) = variables(inspect(resource(assigned="step")))
    assert (kept.name, kept.bytes, kept.keeper) == ("the_variable", 8, StateKeeper.RESOURCE)


def test_what_is_assigned_once_is_a_constant() -> None:
    model = inspect(resource(assigned="once"))
    assert not keeps_state(model)
    assert never_assigned(model) == ()


def test_what_nobody_assigns_is_told() -> None:
    model = inspect(resource(assigned=""))
    assert not keeps_state(model)
    assert [tensor.name for tensor in never_assigned(model)] == ["the_variable"]
    assert never_assigned(inspect(resource(assigned="step"))) == ()
