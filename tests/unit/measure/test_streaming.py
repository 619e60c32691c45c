"""What a stored result may be taken over for: the same firmware, model and input only."""

from __future__ import annotations

from dataclasses import replace

from tflm_hil.link.messages import LoadedModel, StateInfo
from tflm_hil.measure.streaming import context

STATE, CROSSED = StateInfo(0, 1, 0.0, 0, 4), StateInfo(0, 2, 0.0, 0, 4)
SEQUENCES = [b"first", b"second"]


def model(digest: str) -> LoadedModel:
    return LoadedModel(digest, "m", (), (), 0, 0, 0, 0)


def test_same_circumstances_have_the_same_context() -> None:
    assert context("build", "cycles", model("ab"), SEQUENCES) == context(
        "build", "cycles", model("ab"), [*SEQUENCES]
    )


def test_everything_that_a_result_depends_on_is_in_the_context() -> None:
    contexts = {
        context("build", "cycles", model("ab"), SEQUENCES),
        context("another build", "cycles", model("ab"), SEQUENCES),
        context("build", "cycles", model("cd"), SEQUENCES),
        context("build", "another model of cycles", model("ab"), SEQUENCES),
        context("build", "cycles", replace(model("ab"), states=(STATE,)), SEQUENCES),
        context("build", "cycles", replace(model("ab"), states=(CROSSED,)), SEQUENCES),
        context("build", "cycles", model("ab"), SEQUENCES[::-1]),
        context("build", "cycles", model("ab"), SEQUENCES[:1]),
        context("build", "cycles", model("ab"), [b"firs", b"tsecond"]),
    }
    assert len(contexts) == 9
