"""The dataclasses from the payloads of the golden vectors, which the firmware's test makes too."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from tflm_hil.link import messages, protocol, steps
from tflm_hil.link.messages import Hello, LoadedModel, Status, rejection
from tflm_hil.link.protocol import TABLE

VECTORS = Path(__file__).parents[2] / "data" / "link_vectors.txt"


def reply(name: str) -> dict[str, Any]:
    for line in VECTORS.read_text().splitlines():
        words = line.split()
        if words[:2] == ["exchange", name]:
            kind, payload = int(words[5]), bytes.fromhex(words[6])
            if kind == TABLE.events["error"].id:
                return TABLE.unpack(TABLE.events["error"].fields, payload)
            request = TABLE.requests[TABLE.names[kind & ~TABLE.reply_bit]]
            return TABLE.unpack(request.reply, payload)
    raise KeyError(name)


def test_hello_says_what_runs_where() -> None:
    hello = Hello.from_fields(reply("hello"))
    assert hello.build_id == bytes(range(20)).hex()
    assert (hello.board, hello.engine, hello.flags) == ("fake_board", "fake_engine", "-O9")
    assert (hello.art, hello.icache, hello.dcache) == (True, False, True)
    assert hello.reset_reason == "pin"


def test_hello_brings_the_fault_record() -> None:
    fault = Hello.from_fields(reply("hello")).fault
    assert fault is not None
    assert fault.sequence == 3
    assert fault.r == tuple(0x100 + i for i in range(13))
    assert fault.pc == 0x08004320
    assert (fault.request_name, fault.request_seq) == ("sequence", 0x11)


def test_loaded_model_knows_its_tensors_as_numpy_does() -> None:
    model = LoadedModel.from_fields("ab", reply("load"))
    assert (model.hash, model.name, model.op_count) == ("ab", "fake model", 5)
    (tensor,) = model.inputs
    assert (tensor.type, tensor.shape, tensor.scale, tensor.zero_point) == (
        "int8",
        (1, 3),
        0.5,
        -128,
    )
    assert (model.input_bytes, model.output_bytes) == (3, 4)
    assert model.states == ()


def test_fed_back_states_are_no_inputs_and_the_last_outputs() -> None:
    model = LoadedModel.from_fields("ab", reply("load_step"))
    assert [(tensor.index, tensor.name) for tensor in model.inputs] == [(1, "in")]
    assert [(tensor.index, tensor.name) for tensor in model.outputs] == [(1, "out"), (0, "h_next")]
    (state,) = model.states
    assert (state.input, state.output, state.bytes) == (0, 0, 2)
    assert (state.scale, state.zero_point) == (0.5, 3)
    assert (model.input_bytes, model.output_bytes, model.state_bytes) == (3, 6, 6)
    assert len(LoadedModel.from_fields("ab", reply("load_raw_states")).inputs) == 2


def test_status_has_every_counter() -> None:
    status = Status(**reply("status"))
    assert status.invocations == 16
    assert (status.overruns, status.framing_errors) == (1, 2)
    assert (status.noise_errors, status.parity_errors) == (3, 4)


def test_rejection_names_request_and_status() -> None:
    refused = rejection(reply("load_what_is_refused"))
    assert (refused.request, refused.status) == ("load", "arena_too_small")
    assert (refused.needed, refused.available) == (5000, 4096)
    assert (refused.subgraph, refused.op_index, refused.builtin_code) == (1, 2, 114)


def test_unknown_numbers_are_shown_not_raised() -> None:
    fields = reply("load_what_is_refused") | {"request": 0x77, "status": 200}
    refused = rejection(fields)
    assert (refused.request, refused.status) == ("0x77", "status 200")


def test_what_travels_is_a_value() -> None:
    """It stands in sets and journals: nobody changes it on its way."""
    kinds: list[Any] = [
        kind
        for module in (messages, protocol, steps)
        for kind in vars(module).values()
        if is_dataclass(kind) and kind.__module__ == module.__name__
    ]
    assert len(kinds) > 10
    assert all(kind.__dataclass_params__.frozen for kind in kinds)
