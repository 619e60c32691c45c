"""The tflm engine on the emulated board: what it says of itself, what it refuses and how."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.errors import ArenaTooSmall, CorruptModel, LinkTimeout, TargetFault, UnsupportedModel
from tflm_hil.firmware_build.tflm_tree import TflmTree
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.schema import load_schema, operator_names
from tflm_hil.paths import REPOSITORY

from tests.support import tiny_models, variable_model
from tests.support.hanging_loop import hanging_loop

MODELS = REPOSITORY / "fixtures" / "models"
LOOP = MODELS / "digits_gru" / "float32-loop.tflite"
FUSED = MODELS / "digits_lstm" / "int8-fused.tflite"


def entry(path: Path) -> SlotEntry:
    return SlotEntry(f"{path.parent.name}-{path.stem}", path.read_bytes())


def test_device_states_engine_version_and_kernels(bench: Bench, tree: TflmTree) -> None:
    hello = bench.hello
    assert hello.engine == "tflm"
    assert hello.engine_version == tree.version
    assert tree.library_digest[:8] in hello.engine_version
    assert hello.kernels == tree.kernels


# --- refusals, in the words that the user sees ---------------------------------------------------


def test_operator_that_is_not_linked(bench: Bench, small_bench: Bench) -> None:
    with pytest.raises(UnsupportedModel, match="TILE is not linked into this firmware"):
        bench.load(SlotEntry("tile", tiny_models.with_operator("TILE")))
    # FLOOR is in the library; but none of the models under test uses it.
    floor = SlotEntry("floor", tiny_models.with_operator("FLOOR"))
    assert bench.load(floor).model is not None
    with pytest.raises(UnsupportedModel, match="FLOOR is not linked into this firmware") as caught:
        small_bench.load(floor)
    print(caught.value)


def test_arena_too_small_says_how_much_is_missing(bench: Bench) -> None:
    with pytest.raises(ArenaTooSmall, match="stopped where the arena was full") as caught:
        bench.load(SlotEntry("big", tiny_models.add(40_000)))
    print(caught.value)
    assert caught.value.rejection is not None
    assert str(bench.hello.arena_bytes) in str(caught.value).replace(",", "")


def test_model_of_a_newer_schema(bench: Bench) -> None:
    schema = load_schema()
    model = bytearray(FUSED.read_bytes())
    table = schema.Model.GetRootAsModel(model, 0)._tab
    model[table.Pos + table.Offset(4)] = 4
    with pytest.raises(UnsupportedModel, match="schema version 4, TFLM reads version 3") as caught:
        bench.load(SlotEntry("newer", bytes(model)))
    print(caught.value)


def test_operator_that_refuses_its_tensors_is_named(bench: Bench) -> None:
    with pytest.raises(UnsupportedModel, match="CONV_2D in subgraph 0 refuses the model") as caught:
        bench.load(SlotEntry("conv", tiny_models.with_operator("CONV_2D")))
    print(caught.value)


def test_damaged_model(bench: Bench) -> None:
    with pytest.raises(CorruptModel):
        bench.load(SlotEntry("cut", FUSED.read_bytes()[:3000]))
    assert bench.load(entry(FUSED)).model is not None, "the board goes on"


def prelu_of_five_dimensions() -> bytes:
    """TFLM knows four; it notices in the kernel, and its word for that is TFLITE_ABORT."""
    schema = load_schema()
    prelu = tiny_models.with_operator("PRELU")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(prelu, 0))
    graph = model.subgraphs[0]
    for tensor, width in zip(graph.tensors, (4, 1, 4), strict=True):
        tensor.shape = np.array([1, 1, 1, 1, width], np.int32)
    graph.operators[0].inputs = np.array([0, 1], np.int32)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_abort_in_a_kernel_is_explained(bench: Bench, tree: TflmTree) -> None:
    """TFLITE_ABORT is an endless loop on this target. A library with messages says so first, and
    the firmware makes a fault of it; without, the probe finds out where the processor is."""
    device = bench.load(SlotEntry("five", prelu_of_five_dimensions()))
    with pytest.raises(TargetFault if tree.has_messages else LinkTimeout) as caught:
        device.step(bytes(16))
    record = bench.examine(caught.value)
    bench.recover()
    print(caught.value, *record.details, sep="\n")
    where = "abort" if tree.has_messages else "Prelu4DSlow"
    assert any(where in line for line in record.details)
    assert bench.load(entry(FUSED)).model is not None, "the board goes on"


def test_a_loop_of_open_shapes_hangs_and_the_probe_sees_it_run(
    bench: Bench, tmp_path: Path
) -> None:
    """TFLM loads it without a word. Who turns the lints off gets an end all the same."""
    device = bench.load(SlotEntry("loop", hanging_loop(tmp_path)))
    assert device.model is not None
    with pytest.raises(LinkTimeout, match="said nothing for") as caught:
        device.step(bytes(device.model.input_bytes))
    assert "An inference may hang" in caught.value.remedy
    record = bench.examine(caught.value)
    bench.recover()
    print(caught.value, *record.details, sep="\n")
    assert "core was running" in record.details
    assert any("tflite::" in line for line in record.details)
    assert bench.load(entry(FUSED)).model is not None, "the board goes on"


# --- state, profile, tensors ---------------------------------------------------------------------


def test_reset_brings_resource_variables_back_to_their_start(bench: Bench) -> None:
    """TFLM's own Reset() would leave zeros; the contract is the state right after loading."""
    device = bench.load(SlotEntry("counter", variable_model.counter()))
    assert device.model is not None
    assert device.model.state_bytes == 8, "two floats, written by CALL_ONCE and at every step"

    def step(x: float) -> list[float]:
        block = np.array([x, x], np.float32).tobytes()
        return list(np.frombuffer(device.step(block).outputs, np.float32))

    first = [step(1), step(2)]
    assert first == [[6.0, 51.0], [8.0, 53.0]]
    device.reset_state()
    assert [step(1), step(2)] == first
    device.reset_state()
    device.reset_state()
    assert step(1) == first[0]


def test_profile_in_cycles_of_a_library_without_profiler_events(bench: Bench) -> None:
    device = bench.load(entry(LOOP))
    assert device.model is not None
    names = operator_names(load_schema())
    graphs = inspect(LOOP.read_bytes()).subgraphs
    block = bytes(device.model.input_bytes)
    (unprofiled,) = device.step(block).cycles
    device.profile(True)
    device.step(block)
    (profiled,) = device.step(block).cycles
    profile = device.read_profile()
    device.profile(False)
    assert profile.dropped == 0
    seen = {(item.subgraph, item.op_index): item for item in profile.entries}
    for graph in graphs:
        for operator in graph.operators:
            item = seen.pop((graph.index, operator.index))
            assert names[item.builtin_code] == operator.name
            # Eight steps: the condition runs nine times.
            assert item.calls == 2 * {0: 1, 1: 9, 2: 8}[graph.index]
    assert not seen
    # What it costs to look into an operator falls into the WHILE around it, and only there.
    calls = {"WHILE"}
    alone = sum(item.cycles for item in profile.entries if names[item.builtin_code] not in calls)
    assert 0.6 * unprofiled < alone / 2 < unprofiled
    assert profiled > unprofiled
    assert device.step(block).cycles == (unprofiled,), "nothing is left of it once it is off"


def test_intermediate_tensors_are_readable_on_request(bench: Bench) -> None:
    device = bench.load(entry(FUSED), preserve_all=True)
    assert device.model is not None
    graph = inspect(FUSED.read_bytes()).subgraphs[0]
    outputs = device.step(bytes(device.model.input_bytes)).outputs
    info, content = device.read_tensor(0, graph.outputs[0])
    assert content == outputs
    assert info.shape == graph.tensors[graph.outputs[0]].shape
    info, content = device.read_tensor(0, graph.operators[0].outputs[0])
    assert len(content) == np.prod(info.shape)
    assert any(content)
