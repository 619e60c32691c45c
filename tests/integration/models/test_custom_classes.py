"""Models with classes of their own: converted and run where their file is named, else refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.commands.main import main
from tflm_hil.errors import ConversionError, ReferenceFailed
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.zoo.manifest import Artefact, KerasFile, Variant
from tflm_hil.models.zoo.samples import SampleFile, Samples
from tflm_hil.references import References, compute, compute_many
from tflm_hil.vocabulary import Task
from tflm_hil.worker import run_worker

OWN = Path(__file__).parents[2] / "support" / "own_cells.py"
INPUTS = np.random.default_rng(6).normal(size=(20, 12, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("own")
    run_worker("tests.support.own_models", {"directory": str(directory)})
    return directory


def broken(directory: Path, text: str) -> Path:
    path = directory / "broken.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "export"),
    [
        ("own_cell", "shift"),
        ("own_cell", "step"),
        ("own_activation", "shift"),
        ("own_model", "shift"),
        ("own_block", "unrolled"),
        ("tensorflow", "shift"),
    ],
)
def test_converted_where_the_file_is_named(folder: Path, name: str, export: str) -> None:
    done = convert(
        folder / f"{name}.keras",
        export=export,
        dtype="int8",
        calibration=INPUTS,
        custom=OWN,
    )
    assert done.difference < 1e-5
    assert done.content[4:8] == b"TFL3"


def test_a_model_of_an_own_class_that_nobody_called_is_named(folder: Path) -> None:
    wanted = [str(folder / "uncalled.keras")]
    answer, _ = run_worker("tests.support.load_models", {"files": wanted, "custom": str(OWN)})
    kind, what, remedy = answer["refusals"]["uncalled.keras"]
    assert kind == "ModelFileError"
    assert "is a Whole whose file does not say the shape of its input" in what
    assert "call it once" in remedy


@pytest.mark.parametrize(
    ("name", "missing"), [("own_cell", "DampedCell"), ("own_activation", "own>bent")]
)
def test_a_class_that_no_file_defines_is_named(folder: Path, name: str, missing: str) -> None:
    with pytest.raises(ConversionError, match=f"made of {missing}, which Keras does not") as caught:
        convert(folder / f"{name}.keras", export="shift", dtype="float32")
    assert "--custom FILE" in caught.value.remedy
    assert "[keras]" in caught.value.remedy


def test_a_file_that_lacks_the_class_is_no_help(folder: Path, tmp_path: Path) -> None:
    other = broken(tmp_path, "import keras\n\n\nclass Other(keras.layers.Layer):\n    pass\n")
    with pytest.raises(ConversionError, match="made of DampedCell"):
        convert(folder / "own_cell.keras", export="shift", dtype="float32", custom=other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class Own(:\n", "SyntaxError"),
        ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise RuntimeError('not today')\n", "RuntimeError: not today"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(
    folder: Path, tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ConversionError, match=rf"broken\.py cannot be imported: {words}") as caught:
        convert(
            folder / "own_cell.keras",
            export="shift",
            dtype="float32",
            custom=broken(tmp_path, text),
        )
    assert caught.value.remedy


def test_a_file_may_import_its_neighbours(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_bytes(OWN.read_bytes())
    for text in (
        "from neighbour import DampedCell\n",
        "import neighbour\n\n\nclass DampedCell(neighbour.DampedCell):\n    pass\n",
    ):
        path = broken(tmp_path, text)
        done = convert(folder / "own_cell.keras", export="shift", dtype="float32", custom=path)
        assert done.difference < 1e-5


def test_hil_convert_takes_the_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, target = folder / "own_cell.keras", tmp_path / "own.tflite"
    command = ["convert", str(model), "--export", "step", "-o", str(target)]
    assert main(command) == 1
    assert "DampedCell" in capsys.readouterr().err
    assert main([*command, "--custom", str(OWN)]) == 0
    assert target.read_bytes()[4:8] == b"TFL3"


def variant(model: Path, custom: Path | None) -> Variant:
    own = None if custom is None else Artefact(custom, "", 0)
    return Variant(
        id=model.stem, model=model.stem, name="", path=model, sha256="", size_bytes=0, export="",
        dtype="float32", task=Task.REGRESSION, limits=(), samples=SampleFile(model, ""),
        keras=KerasFile(model, str(custom), 0, own),
    )  # fmt: skip


def test_a_reference_without_the_file_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReferenceFailed, match="made of DampedCell") as caught:
        compute(
            variant(folder / "own_cell.keras", None),
            Samples(INPUTS),
            frameworks=("keras",),
            cache_directory=tmp_path,
        )
    assert 'custom = "FILE" under [keras]' in caught.value.remedy


def test_classes_of_one_model_are_not_known_to_the_next(folder: Path, tmp_path: Path) -> None:
    """All references of a run come from one process; two users may both have a class MyCell."""
    named = variant(folder / "own_cell.keras", OWN)
    copy = tmp_path / "copy.keras"
    copy.write_bytes((folder / "own_cell.keras").read_bytes())
    found = compute_many(
        [named, variant(copy, None)],
        Samples(INPUTS),
        frameworks=("keras",),
        cache_directory=tmp_path,
    )
    assert isinstance(found["own_cell"], References)
    assert isinstance(found["copy"], ReferenceFailed)
