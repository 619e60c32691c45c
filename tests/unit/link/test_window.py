"""The window against a device that lives in the test: it executes in order, keeps its replies,
and speaks through a line that loses what the test says. Time is the test's, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import Frame, FrameDecoder, encode_frame
from tflm_hil.link.protocol import TABLE
from tflm_hil.link.window import Limits, Pending, SessionLost, Silence, Window

STATUS = TABLE.requests["status"].id
REPLY = STATUS | TABLE.reply_bit
NAK = TABLE.events["nak"]
BOOT = TABLE.events["boot"]
LOG = TABLE.events["log"]
ALIVE = TABLE.events["alive"]


class Passing(NamedTuple):
    """A frame on the line."""

    number: int  # in its direction, from 1
    seq: int


Fate = Callable[[Passing], bool]  # it is lost


class Line:
    """Transport and device in one. `lost_out`/`lost_in` decide which frames do not arrive."""

    name = "line"
    baud = 115200

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = LineTime(self)
        self.lost_out: Fate = lambda _: False
        self.lost_in: Fate = lambda _: False
        self.silent = False
        self.executed: list[int] = []
        self._replies: dict[int, bytes] = {}
        self._to_host = b""
        self._frames_out = self._frames_in = 0
        self._decoder = FrameDecoder()
        self._naked = False
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        for frame in self._decoder.feed(data):
            assert frame is not None
            self._frames_out += 1
            if not self.silent and not self.lost_out(Passing(self._frames_out, frame.seq)):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        expected = self.executed[-1] + 1 & 0xFFFF if self.executed else 1
        if frame.seq in self._replies:
            self.say(self._replies[frame.seq], frame.seq)
        elif frame.seq == expected:
            self._naked = False
            self.executed.append(frame.seq)
            self._replies[frame.seq] = encode_frame(REPLY, 0, frame.seq, frame.payload)
            self.say(self._replies[frame.seq], frame.seq)
        elif not self._naked:
            self._naked = True
            payload = TABLE.pack(NAK.fields, {"expected": expected, "reason": 1})
            self.say(encode_frame(NAK.id, 0, 0, payload), -1)

    def say(self, wire: bytes, seq: int) -> None:
        self._frames_in += 1
        if not self.lost_in(Passing(self._frames_in, seq)):
            self._to_host += wire

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if not self._to_host:
            self.now += max(0.0, timeout_s)
        data, self._to_host = self._to_host[:max_bytes], self._to_host[max_bytes:]
        return data

    def close(self) -> None: ...


class LineTime:
    """`Clock`: reading is what takes time."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def now(self) -> float:
        return self._line.now

    def wall_s(self, left_s: float) -> float:
        return left_s


class Setup:
    def __init__(self) -> None:
        self.line = Line()
        self.counters = LinkCounters()
        self.logs: list[str] = []
        self.garbled = 0
        self.window = Window(
            self.line,
            self.counters,
            silence_s=10.0,
            on_log=self.logs.append,
            on_garbled=self._garbled,
            clock=self.line.clock,
        )
        self.window.restart(1, Limits(8, 1000, 1000))

    def _garbled(self) -> None:
        self.garbled += 1

    def ask(self, count: int) -> list[Pending]:
        return [self.window.submit(STATUS, 0, bytes([i & 0xFF]), 20) for i in range(count)]

    def answers(self, pending: list[Pending]) -> list[int]:
        return [self.window.wait(one).payload[0] for one in pending]


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_replies_find_their_requests(setup: Setup) -> None:
    assert setup.answers(setup.ask(50)) == list(range(50))
    assert setup.line.executed == list(range(1, 51))
    assert setup.counters.retransmissions == 0


@pytest.mark.parametrize("number", [1, 2, 5, 8])
def test_a_lost_request_is_sent_again_and_executed_once(setup: Setup, number: int) -> None:
    setup.line.lost_out = lambda frame: frame.number == number
    assert setup.answers(setup.ask(8)) == list(range(8))
    assert setup.line.executed == list(range(1, 9))
    assert setup.counters.retransmissions > 0


@pytest.mark.parametrize("number", [1, 2, 5, 8])
def test_a_lost_reply_is_repeated_not_executed_again(setup: Setup, number: int) -> None:
    setup.line.lost_in = lambda frame: frame.number == number
    assert setup.answers(setup.ask(8)) == list(range(8))
    assert setup.line.executed == list(range(1, 9))
    assert setup.counters.retransmissions > 0


def test_every_third_frame_lost_both_ways(setup: Setup) -> None:
    setup.line.lost_out = lambda frame: frame.number % 3 == 0
    setup.line.lost_in = lambda frame: frame.number % 3 == 1
    assert setup.answers(setup.ask(300)) == [i & 0xFF for i in range(300)]
    assert setup.line.executed == list(range(1, 301))


def test_a_gap_in_the_replies_is_repaired_without_waiting(setup: Setup) -> None:
    setup.line.lost_in = lambda frame: frame.number == 3
    before = setup.line.now
    setup.answers(setup.ask(8))
    assert setup.line.now == before
    assert setup.counters.timeouts == 0


def test_repetitions_that_are_lost_are_repaired_without_waiting(setup: Setup) -> None:
    """As long as anything that was sent later is answered."""
    setup.line.lost_in = lambda frame: frame.number in (1, 2, 3, 9, 10)
    before = setup.line.now
    setup.answers(setup.ask(8))
    assert setup.line.executed == list(range(1, 9))
    assert setup.line.now == before
    assert setup.counters.timeouts == 0


@pytest.mark.parametrize("first", [1, 0xFFFC])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_all_behind_a_lost_request_is_sent_again_when_the_device_says_so(
    setup: Setup, first: int, lost: int
) -> None:
    """It has dropped them; also where the numbers go round."""
    setup.window.restart(first, Limits(8, 1000, 1000))
    setup.line.executed = [first - 1]
    setup.line.lost_out = lambda frame: frame.number == lost
    before = setup.line.now
    assert setup.answers(setup.ask(8)) == list(range(8))
    assert setup.line.now == before
    assert (setup.counters.naks, setup.counters.timeouts) == (1, 0)


def test_numbers_go_round(setup: Setup) -> None:
    setup.window.restart(0xFFFC, Limits(8, 1000, 1000))
    setup.line.executed = [0xFFFB]
    setup.line.lost_in = lambda frame: frame.seq == 0xFFFF and frame.number < 9
    assert setup.answers(setup.ask(20)) == list(range(20))


def test_no_more_requests_than_the_device_keeps_replies(setup: Setup) -> None:
    """Counted from the oldest unanswered one: its reply must not be pushed out by later ones."""
    setup.line.lost_in = lambda frame: frame.seq == 1 and setup.line.now < 100.05
    pending = setup.ask(8)
    setup.window.flush()
    setup.window.receive(0.0)
    assert [one.reply is None for one in pending] == [True] + [False] * 7
    assert not setup.window.has_room(1, 1)
    setup.window.wait(pending[0])
    assert setup.window.has_room(1, 1)


def test_bytes_of_requests_and_replies_are_limited(setup: Setup) -> None:
    setup.window.restart(1, Limits(100, 50, 1000))
    setup.ask(1)
    assert setup.window.has_room(30, 20)
    assert not setup.window.has_room(45, 20)
    setup.window.restart(1, Limits(100, 1000, 50))
    setup.ask(1)
    assert setup.window.has_room(20, 30)
    assert not setup.window.has_room(20, 31)


def test_one_request_may_exceed_every_limit_when_it_is_alone(setup: Setup) -> None:
    setup.window.restart(1, Limits(1, 1, 1))
    assert setup.answers(setup.ask(3)) == [0, 1, 2]


def test_silence_is_told_after_ever_longer_waits(setup: Setup) -> None:
    setup.line.silent = True
    pending = setup.ask(3)
    with pytest.raises(Silence):
        setup.window.wait(pending[0])
    assert 10.0 < setup.line.now - 100.0 < 20.0
    assert setup.counters.timeouts <= 5
    # the oldest and the newest each time
    assert setup.counters.retransmissions == 2 * setup.counters.timeouts


def test_a_host_that_was_kept_from_running_finds_the_answer_before_it_judges(setup: Setup) -> None:
    (pending,) = setup.ask(1)
    setup.line.now += 60.0
    assert setup.window.wait(pending).seq == 1
    assert setup.counters.retransmissions == 0


def test_what_never_stops_and_answers_nothing_is_silence(setup: Setup) -> None:
    """Bytes come without a break, and none of them helps."""
    setup.line.silent = True
    (pending,) = setup.ask(1)
    babble = iter(range(1000))

    def read(max_bytes: int, timeout_s: float) -> bytes:
        del max_bytes, timeout_s
        next(babble)
        setup.line.now += 0.1
        return b"\x55\x66\x77\0"

    setup.line.read = read  # type: ignore[method-assign]
    with pytest.raises(Silence):
        setup.window.wait(pending)
    assert 10.0 < setup.line.now - 100.0 < 12.0


def test_damage_is_counted_since_the_last_answer(setup: Setup) -> None:
    setup.line.silent = True
    (pending,) = setup.ask(1)
    setup.line.say(b"\x55\x66\x77\0" * 3, -1)
    payload = TABLE.pack(NAK.fields, {"expected": 1, "reason": 1})
    setup.line.say(encode_frame(NAK.id, 0, 0, payload), -1)
    setup.window.receive(0.0)
    assert (setup.window.damaged, setup.window.naks) == (3, 1)
    setup.line.silent = False
    setup.window.wait(pending)
    assert (setup.window.damaged, setup.window.naks) == (0, 0)


def test_signs_of_life_put_silence_off(setup: Setup) -> None:
    setup.line.silent = True
    pending = setup.ask(1)
    alive = encode_frame(ALIVE.id, 0, 0, bytes(4))
    for _ in range(5):
        setup.line.now += 6.0
        setup.line.say(alive, -1)
        setup.window.receive(0.0)
    setup.line.silent = False
    assert setup.window.wait(pending[0]).seq == 1


def test_a_restart_is_noticed(setup: Setup) -> None:
    setup.ask(1)
    setup.line.say(encode_frame(BOOT.id, 0, 0, b"\1\0\0"), -1)
    with pytest.raises(SessionLost):
        setup.window.receive(0.0)


def test_a_device_without_our_session_is_noticed(setup: Setup) -> None:
    payload = TABLE.pack(NAK.fields, {"expected": 0, "reason": TABLE.codes["nak"]["no_session"]})
    setup.line.say(encode_frame(NAK.id, 0, 0, payload), -1)
    with pytest.raises(SessionLost):
        setup.window.receive(0.0)


def test_damage_and_then_nothing_asks_for_a_look(setup: Setup) -> None:
    setup.line.silent = True
    pending = setup.ask(1)
    setup.line.say(b"\x55\x66\x77\0", -1)
    with pytest.raises(Silence):
        setup.window.wait(pending[0])
    assert setup.garbled == 1
    assert setup.counters.crc_errors == 1


def test_a_reply_that_nobody_asked_for_is_dropped(setup: Setup) -> None:
    setup.line.say(encode_frame(REPLY, 0, 999, b"x"), 999)
    assert setup.answers(setup.ask(1)) == [0]
    assert setup.counters.duplicates == 1


def test_what_the_device_logs_is_passed_on(setup: Setup) -> None:
    setup.line.say(encode_frame(LOG.id, 0, 0, b"\5hello"), -1)
    setup.window.receive(0.0)
    assert setup.logs == ["hello"]


def test_many_requests_go_in_few_writes(setup: Setup) -> None:
    setup.window.restart(1, Limits(1000, 100_000, 100_000))
    setup.ask(500)
    setup.window.flush()
    assert len(setup.line.writes) < 10


def test_what_an_older_session_asked_is_not_waited_for(setup: Setup) -> None:
    setup.line.silent = True
    (pending,) = setup.ask(1)
    setup.window.restart(1, Limits(8, 1000, 1000))
    setup.ask(1)
    with pytest.raises(SessionLost):
        setup.window.wait(pending)


def test_a_single_request_is_sent_again_once(setup: Setup) -> None:
    setup.line.lost_out = lambda frame: frame.number == 1
    assert setup.answers(setup.ask(1)) == [0]
    assert (setup.counters.timeouts, setup.counters.retransmissions) == (1, 1)


def test_after_damage_the_line_has_time_to_recover(setup: Setup) -> None:
    """What is behind the damage usually comes: only a line that stays quiet is looked into."""
    setup.line.silent = True
    setup.ask(1)
    setup.line.say(b"\x55\x66\x77\0", -1)
    setup.window.receive(0.0)
    setup.window.pump()
    assert setup.garbled == 0


def test_frames_are_counted_both_ways(setup: Setup) -> None:
    setup.answers(setup.ask(5))
    counters = setup.counters
    assert (counters.frames_sent, counters.frames_received) == (5, 5)
    assert counters.bytes_sent == sum(map(len, setup.line.writes))


def test_a_quarter_of_the_receive_ring_is_left_for_repetitions() -> None:
    assert Limits.of_device(9, 4000, 77) == Limits(9, 3000, 77)
