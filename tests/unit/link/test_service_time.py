"""The waiting time before a request is repeated."""

from __future__ import annotations

from tflm_hil.link.service_time import ServiceTime


def test_service_time_follows_what_is_seen() -> None:
    service = ServiceTime()
    assert service.wait_s == 1.0
    for _ in range(100):
        service.add(0.5)
    assert 0.5 <= service.wait_s < 0.6
    service.add(3.0)
    assert service.wait_s > 2.0
    for _ in range(100):
        service.add(0.001)
    assert service.wait_s == 0.3
