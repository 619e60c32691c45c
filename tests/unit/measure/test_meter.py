from dataclasses import fields

import pytest
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.messages import Status
from tflm_hil.measure.meter import Reading, link_record

CORE_HZ = 216_000_000
ZERO = Status(**{field.name: 0 for field in fields(Status)})


def reading(counters: LinkCounters, *, wall_s: float = 0.0, **status: int) -> Reading:
    return Reading(counters, Status(**{**vars(ZERO), **status}), wall_s)


def test_differences_in_the_boards_own_time() -> None:
    start = reading(LinkCounters(bytes_sent=1000, payload_bytes_sent=100), uptime_cycles=CORE_HZ)
    end = reading(
        LinkCounters(
            bytes_sent=50_000,
            bytes_received=7_000,
            payload_bytes_sent=46_180,
            payload_bytes_received=5_000,
            retransmissions=2,
            crc_errors=1,
            timeouts=1,
        ),
        wall_s=9.0,
        uptime_cycles=CORE_HZ * 3 // 2,
        invoke_cycles=CORE_HZ // 4,
        frames_damaged=3,
        duplicates=1,
    )
    record = link_record(start, end, baud=921_600, core_hz=CORE_HZ)
    assert record.bytes_sent == 49_000
    assert record.payload_bytes == 46_080 + 5_000
    assert record.retransmissions == 2
    assert record.crc_errors == 4, "both ends count"
    assert (record.timeouts, record.repeated_in_vain) == (1, 1)
    assert record.board_seconds == 0.5
    assert record.seconds == 9.0
    # 46,080 bytes of 10 bits in half a second, at 921,600 bits a second
    assert record.payload_share == pytest.approx(1.0)
    assert record.device_busy == pytest.approx(0.5)
    # 49,000 bytes out take longer than what comes in
    assert record.line_seconds == pytest.approx(49_000 * 10 / 921_600)


def test_no_time_gives_no_share() -> None:
    record = link_record(
        reading(LinkCounters()), reading(LinkCounters()), baud=921_600, core_hz=CORE_HZ
    )
    assert record.payload_share is None
    assert record.device_busy is None
