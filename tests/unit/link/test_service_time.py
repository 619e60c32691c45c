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


def test_it_is_that_of_rfc_6298() -> None:
    """Mean plus four deviations; the first sample is the mean and half of it the deviation."""
    service = ServiceTime()
    service.add(1.0)
    assert service.wait_s == 1.0 + 4 * 0.5
    service.add(2.0)
    assert service.wait_s == 1.125 + 4 * 0.625
