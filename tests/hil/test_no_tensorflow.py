"""A warm run, whose references are cached, never imports TensorFlow; neither does a cold one here:
all work with it is done in processes of its own."""

import sys

import pytest
from tflm_hil.run.run import Run

pytestmark = pytest.mark.hil_last


def test_tensorflow_was_not_imported(hil: Run) -> None:  # noqa: ARG001
    heavy = {"tensorflow", "tf_keras", "keras", "tflite_micro"}
    assert not heavy & {name.partition(".")[0] for name in sys.modules}
