"""How long to wait for a reply before asking again."""

from __future__ import annotations

_FIRST_WAIT_S = 1.0
# The delays of a busy host (two test runs on two cores) must not look like losses. It is only
# waited for where the last frame of all is lost: any other loss shows at the next frame.
_MIN_WAIT_S = 0.3


class ServiceTime:
    """Adaptive waiting time, as in TCP (RFC 6298): smoothed mean plus four mean deviations.

    A sample is the time from the moment when nothing stood before a request any more to its
    reply, so that it does not grow with the number of requests queued.
    """

    def __init__(self) -> None:
        self._mean_s = 0.0
        self._deviation_s = 0.0

    def add(self, sample_s: float) -> None:
        """Take in the time that one request took [s]."""
        if self._mean_s == 0.0:
            self._mean_s, self._deviation_s = sample_s, sample_s / 2
        else:
            self._deviation_s += (abs(sample_s - self._mean_s) - self._deviation_s) / 4
            self._mean_s += (sample_s - self._mean_s) / 8

    @property
    def wait_s(self) -> float:
        """How long to wait for a reply before something must have been lost [s]."""
        if self._mean_s == 0.0:
            return _FIRST_WAIT_S
        return max(_MIN_WAIT_S, self._mean_s + 4 * self._deviation_s)
