from pathlib import Path

import pytest
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.trip_count import trip_count, with_trip_count

MODELS = Path(__file__).parents[4] / "fixtures" / "models"
LOOPS = sorted(MODELS.glob("digits_*/float32-loop.tflite"))
UNROLLED = MODELS / "digits_gru" / "int8-unrolled.tflite"


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.parent.name)
def test_count_is_read_and_changed_and_nothing_else_is(path: Path) -> None:
    content = path.read_bytes()
    assert trip_count(content) == 8
    shorter = with_trip_count(content, 3)
    assert trip_count(shorter) == 3
    before, after = (inspect(model).subgraphs for model in (content, shorter))
    assert [graph.operators for graph in after] == [graph.operators for graph in before]
    changed = [i for i, (a, b) in enumerate(zip(content, shorter, strict=True)) if a != b]
    assert 1 <= len(changed) <= 2
    assert with_trip_count(shorter, 8) == content


def test_a_model_without_a_loop_has_no_count() -> None:
    content = UNROLLED.read_bytes()
    assert trip_count(content) is None
    with pytest.raises(ValueError, match="no loop"):
        with_trip_count(content, 3)


def test_of_several_loops_one_is_named_by_its_operator() -> None:
    content = (MODELS / "stacked_lstm" / "float32-shift.tflite").read_bytes()
    main = inspect(content).subgraphs[0]
    lower, upper = (op.index for op in main.operators if op.name == "WHILE")
    steps = trip_count(content, lower)
    assert steps is not None
    assert trip_count(content) is None
    # the converter keeps equal constants once: loops of one length are shortened together
    shorter = with_trip_count(content, 2, upper)
    assert (trip_count(shorter, lower), trip_count(shorter, upper)) == (2, 2)
