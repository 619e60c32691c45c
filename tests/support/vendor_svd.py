"""The vendor's description of the chip's registers, where it is at hand.

It is not ours to ship: `HIL_STM32F746_SVD` names the file, or it is in `shared/svd` beside the
project.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[3] / "shared" / "svd" / "STM32F746.svd"
SVD = Path(os.environ.get("HIL_STM32F746_SVD", _BESIDE))
needs_svd = pytest.mark.skipif(
    not SVD.exists(), reason="the vendor's SVD file is not on this machine"
)
