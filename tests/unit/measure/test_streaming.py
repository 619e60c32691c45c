"""What a stored result may be taken over for: the same firmware, model and input only."""

from __future__ import annotations

from tflm_hil.link.messages import LoadedModel
from tflm_hil.measure.streaming import context

SEQUENCES = [b"first", b"second"]


def model(digest: str) -> LoadedModel:
    return LoadedModel(digest, "m", (), (), 0, 0, 0, 0)


def test_same_circumstances_have_the_same_context() -> None:
    assert context("build", model("ab"), SEQUENCES) == context("build", model("ab"), [*SEQUENCES])


def test_everything_that_a_result_depends_on_is_in_the_context() -> None:
    contexts = {
        context("build", model("ab"), SEQUENCES),
        context("another build", model("ab"), SEQUENCES),
        context("build", model("cd"), SEQUENCES),
        context("build", model("ab"), SEQUENCES[::-1]),
        context("build", model("ab"), SEQUENCES[:1]),
        context("build", model("ab"), [b"firs", b"tsecond"]),
    }
    assert len(contexts) == 6
