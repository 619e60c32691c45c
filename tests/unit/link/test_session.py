"""A session with a board of the test: rates, limits, restarts and their reasons."""

from __future__ import annotations

import pytest
from tflm_hil.errors import DeviceReset, LinkTimeout, ProtocolError, TargetFault
from tflm_hil.link.framing import Frame, encode_frame, wire_bytes
from tflm_hil.link.protocol import DEFAULT_BAUD, TABLE
from tflm_hil.link.session import Session
from tflm_hil.link.window import Limits

from tests.unit.link.answering_board import AnsweringBoard, fault

FAST = 921600
BOOT = encode_frame(TABLE.events["boot"].id, 0, 0, b"\1\0\0")


def session_with(board: AnsweringBoard, timeout_s: float = 0.3) -> Session:
    return Session(board, board="b", timeout_s=timeout_s)


def ask(session: Session, name: str = "status") -> None:
    with session.attended():
        session.request(name, {})


def test_the_first_request_opens_it_and_numbers_go_on_behind_hello() -> None:
    board = AnsweringBoard()
    session = session_with(board)
    assert session.nonce == 0
    ask(session)
    ask(session)
    assert [(name, frame.seq) for name, frame in board.asked] == [
        ("hello", 0), ("status", 1), ("status", 2),
    ]  # fmt: skip
    assert session.nonce == int.from_bytes(board.asked[0][1].payload[:4], "little") != 0


def test_limits_are_those_of_the_device_with_room_for_what_it_cannot_know() -> None:
    board = AnsweringBoard()
    board.hello |= {
        "window": 9, "receive_bytes": 4000, "reply_store_bytes": 10_000, "max_payload": 1000,
    }  # fmt: skip
    session = session_with(board)
    session.open(0.3)
    assert session.window.limits == Limits(9, 3000, 10_000 - 2 * wire_bytes(1000))
    board.hello["reply_store_bytes"] = 100
    session.open(0.3)
    assert session.window.limits.reply_bytes == 0


def test_the_latest_two_hundred_logs_are_kept() -> None:
    board = AnsweringBoard()
    session = session_with(board)
    for number in range(205):
        text = f"line {number}".encode()
        payload = bytes([len(text)]) + text
        board.say(encode_frame(TABLE.events["log"].id, 0, 0, payload))
    session.window.receive(0.0)
    assert (len(session.logs), session.logs[0], session.logs[-1]) == (200, "line 5", "line 204")


def baud_reply(frame: Frame) -> bytes:
    return frame.payload


def test_a_rate_that_is_taken_is_proved_by_an_answer_at_it() -> None:
    board = AnsweringBoard(set_baud=baud_reply)
    session = session_with(board)
    assert session.set_baud(FAST) == FAST == session.baud
    assert board.names == ["set_baud", "status"]


def test_the_rate_that_is_in_use_is_not_asked_for() -> None:
    board = AnsweringBoard(set_baud=baud_reply)
    session = session_with(board)
    assert session.set_baud(DEFAULT_BAUD) == DEFAULT_BAUD
    assert board.names == []


def test_a_rate_that_the_clock_does_not_give_is_not_tried() -> None:
    board = AnsweringBoard()
    board.answers["set_baud"] = board.refuse("bad_argument")
    session = session_with(board)
    assert session.set_baud(FAST) == DEFAULT_BAUD == session.baud
    assert board.names == ["set_baud"]


def test_another_refusal_of_a_rate_is_an_error() -> None:
    board = AnsweringBoard()
    board.answers["set_baud"] = board.refuse("bad_length")
    session = session_with(board)
    with pytest.raises(ProtocolError):
        session.set_baud(FAST)


def test_a_rate_that_the_line_does_not_carry_is_given_up() -> None:
    board = AnsweringBoard(set_baud=baud_reply)
    board.listens = lambda baud: baud == DEFAULT_BAUD
    session = session_with(board, timeout_s=5.0)
    assert session.set_baud(FAST) == DEFAULT_BAUD == session.baud
    assert board.names[0] == "set_baud"
    assert set(board.names[1:]) == {"status"}, "it answers at the old rate"


def test_it_leaves_the_device_at_the_default_rate() -> None:
    board = AnsweringBoard(set_baud=baud_reply)
    session = session_with(board)
    session.set_baud(FAST)
    session.close()
    name, frame = board.asked[-1]
    assert (name, int.from_bytes(frame.payload, "little")) == ("set_baud", DEFAULT_BAUD)
    assert board.closed


def test_closing_at_the_default_rate_says_nothing() -> None:
    board = AnsweringBoard()
    session = session_with(board)
    ask(session)
    session.close()
    assert board.names == ["status"]
    assert board.closed


def test_an_answer_of_another_kind_is_no_answer() -> None:
    board = AnsweringBoard()
    board.answers["status"] = lambda frame: board.say(
        encode_frame(TABLE.requests["reboot"].id | TABLE.reply_bit, 0, frame.seq, b"")
    )
    with pytest.raises(ProtocolError, match="was answered by"):
        ask(session_with(board))


def test_an_answer_that_does_not_decode_is_named() -> None:
    with pytest.raises(ProtocolError, match="the reply to status does not decode"):
        ask(session_with(AnsweringBoard(status=lambda _: b"short")))


# --- restarts -------------------------------------------------------------------------------------


def restarts_with(known: int, then: int) -> AnsweringBoard:
    """A board that boots when `reset_state` is asked for; faults by number, 0: none."""
    board = AnsweringBoard()
    board.hello["fault"] = [fault(known)] if known else []

    def boots(_: Frame) -> None:
        board.hello["fault"] = [fault(then)] if then else []
        board.say(BOOT)

    board.answers["reset_state"] = boots
    return board


@pytest.mark.parametrize(("known", "then"), [(0, 1), (0, 5), (1, 2)])
def test_a_restart_behind_a_new_fault_is_that_fault(known: int, then: int) -> None:
    board = restarts_with(known, then)
    session = session_with(board)
    with pytest.raises(TargetFault) as caught:
        ask(session, "reset_state")
    assert caught.value.record.sequence == then
    assert board.names[-1] == "clear_fault"
    assert session.counters.resets == 1


@pytest.mark.parametrize(("known", "then"), [(0, 0), (1, 1), (3, 0)])
def test_a_restart_without_a_new_fault_is_a_reset(known: int, then: int) -> None:
    board = restarts_with(known, then)
    session = session_with(board)
    with pytest.raises(DeviceReset, match="restarted in mid-run"):
        ask(session, "reset_state")
    assert "clear_fault" not in board.names
    assert session.counters.resets == 1


def test_one_that_answers_hello_only_is_alive() -> None:
    board = AnsweringBoard(status=lambda _: None)
    session = session_with(board)
    session.open(0.3)
    board.hello["previous_nonce"] = session.nonce
    with pytest.raises(LinkTimeout, match="but is alive"):
        ask(session)


def test_one_that_has_forgotten_the_session_has_restarted() -> None:
    board = AnsweringBoard(status=lambda _: None)
    with pytest.raises(DeviceReset):
        ask(session_with(board))


def test_reboot_opens_a_session_at_the_default_rate() -> None:
    board = AnsweringBoard(set_baud=baud_reply)
    session = session_with(board)
    session.set_baud(FAST)
    first = session.nonce
    session.reboot()
    assert session.baud == DEFAULT_BAUD
    assert session.nonce not in (0, first)
    assert board.names[-1] == "reboot"
