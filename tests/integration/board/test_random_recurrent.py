"""Random recurrent networks on the emulated board: the wheel's bits, over the link."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.slot.slot import SlotEntry

from tests.support.random_recurrent import SEQUENCES, Made, make

from .conftest import Bench

NUMBERS = (1, 3, 4, 6)
FLOAT_BOUND = 5e-6  # as on the host: see tests/integration/engine/test_random_recurrent.py


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    made = make(NUMBERS, tmp_path_factory.mktemp("random"))
    assert not [one.failure for one in made if one.failure]
    return made


@pytest.mark.parametrize("kept", [False, True], ids=["reset", "state-kept"])
def test_random_networks_equal_the_wheel(bench: Bench, networks: list[Made], kept: bool) -> None:
    entries = [SlotEntry(made.network.name[:23], made.model.read_bytes()) for made in networks]
    bench.probe.store_models(entries)
    bench.device.hello()
    for made, entry in zip(networks, entries, strict=True):
        bench.device.load(entry.hash)
        size = len(made.inputs) // SEQUENCES
        blocks = [made.inputs[k * size : (k + 1) * size] for k in range(SEQUENCES)]
        requests = [
            SequenceRequest(k, block, reset=not kept or k == 0) for k, block in enumerate(blocks)
        ]
        ours = b"".join(result.outputs for result in bench.device.stream(requests))
        wanted = made.outputs(kept=kept)
        if made.network.dtype != "float32":
            assert ours == wanted, made.network.name
            continue
        got, want = (np.frombuffer(raw, np.float32) for raw in (ours, wanted))
        assert np.allclose(got, want, rtol=FLOAT_BOUND, atol=FLOAT_BOUND), made.network.name
