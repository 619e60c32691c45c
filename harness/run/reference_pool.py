"""References computed beside the board's work: while it is flashed and streams, not after."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from harness.models.manifest import Variant
from harness.references import References, compute
