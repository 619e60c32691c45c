"""What kind of model file somebody named, told by its content and without a framework.

    source = identify(Path("model.h5"))
    source.format           # Format.HDF5
    source.keras_version    # "2.15.0", "" where the file does not say

A file that holds no Keras model, or only a part of one, is a `ModelFileError` here: a sentence that
says what it is, and what to do, before TensorFlow is started.

Formats: a Keras 3 archive is a zip of `metadata.json`, `config.json` and `model.weights.h5` (or a
folder of the same); Keras 2 wrote HDF5 with the attribute `model_config`, such archives too, and
SavedModel folders with `keras_metadata.pb`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from tflm_hil.worker import WorkerError, run_worker

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
SAVED_MODEL = "saved_model.pb"
KERAS_METADATA = "keras_metadata.pb"
LOADING = (
    "models/convert/custom_classes.py", "models/convert/loading.py", "models/convert/opened.py",
    *(f"models/convert/keras2/{name}.py"
      for name in ("functions", "graph", "layers", "read", "weights")),
)  # fmt: skip
"""Modules that have a say in what a model that was loaded computes."""

HDF5 = b"\x89HDF\r\n\x1a\n"
HDF5_WORKER = "tflm_hil.models.convert.hdf5_worker"
HDF5_TIMEOUT_S = 120.0
HEAD_BYTES = 512
LINE = 200  # characters that are kept of what a framework says

SAVE_WHOLE = 'save the whole model where it was made, with model.save("model.keras")'
SAVE_AGAIN = f"get an undamaged copy, or {SAVE_WHOLE}"
KERAS_ONLY = "convert a Keras model (.keras, .h5 or a SavedModel folder that Keras 2 wrote)"


class ModelFileError(ValueError):
    """No Keras model that can be read; the message is `what`, and `remedy`."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}")


def lambda_error(layers: Sequence[str], *, keras2: bool = False) -> ModelFileError:
    """The refusal of a model that holds Python code; `keras2`: code for Keras 2."""
    several = len(layers) > 1
    written = "write it as a layer class (call, get_config) in a file for --custom, or with"
    again = (
        f"{written} keras.ops in a functional model of Keras 3, load the weights, and save that"
        if keras2
        else f"{written} keras.ops in the functional model, and save again; if you trust the model,"
        " a --custom FILE with the line keras.config.enable_unsafe_deserialization() lets its code"
        " run"
    )
    return ModelFileError(
        f"layer{'s' * several} {', '.join(layers)} {'are Lambdas' if several else 'is a Lambda'}:"
        " the file holds Python code in place of a layer, and Keras' safe mode does not run code of"
        " a file, which could do anything",
        again,
    )


def first_sentence(error: BaseException) -> str:
    """What an exception says, without the pages that follow."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0].split(". ")[0] if lines else type(error).__name__
    return said if len(said) <= LINE else f"{said[:LINE]} …"


def unreadable(source: Source, reader: str, error: Exception) -> ModelFileError:
    """The refusal of a file that has everything and still cannot be loaded."""
    return ModelFileError(
        f"{source.path.name} was saved by Keras {source.keras_version or '2'}, and {reader} cannot"
        f" read it: {first_sentence(error)}",
        "get an undamaged copy; else build the model with the Keras that is installed here, load"
        ' the weights, and save it with model.save("model.keras")',
    )


class Format(StrEnum):
    """How a Keras model is laid down."""

    ARCHIVE = "archive"
    FOLDER = "folder"
    """An archive that was unpacked."""
    HDF5 = "hdf5"
    SAVED_MODEL = "saved model"


@dataclass(frozen=True)
class Source:
    """A Keras model in a file or folder. `config` is the model's own description as JSON values; of
    a SavedModel a list, of the model and of each layer in it.
    """

    path: Path
    format: Format
    keras_version: str
    config: Any

    @property
    def keras2(self) -> bool:
        """Written by Keras 2 or earlier (`tf_keras`, `tf.keras` before TensorFlow 2.16)."""
        return not self.keras_version.startswith("3")


def identify(path: Path) -> Source:
    """What model is in `path`. Raises `ModelFileError`."""
    try:
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            raise ModelFileError(f"there is no Keras model at {path}", "check the path")
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
        ) from error
    if not head:
        raise ModelFileError(f"{path.name} is empty", SAVE_AGAIN)
    if head.startswith(HDF5):
        return _hdf5(path)
    if head.startswith(b"PK"):
        return _archive(path)
    raise _foreign(path, head)


def _folder(path: Path) -> Source:
    if (path / SAVED_MODEL).is_file():
        if not (path / KERAS_METADATA).is_file():
            raise ModelFileError(
                f"{path.name} is a SavedModel without Keras' description of its layers, as"
                " model.export() and tf.saved_model.save() write it: a finished graph, which has no"
                " layers to export",
                SAVE_WHOLE,
            )
        return Source(path, Format.SAVED_MODEL, "2", _saved_configs(path))
    if (path / CONFIG).is_file() and (path / WEIGHTS).is_file():
        config, version = _described(path, lambda name: (path / name).read_bytes())
        return Source(path, Format.FOLDER, version, config)
    raise ModelFileError(
        f"the folder {path} holds no model: neither {SAVED_MODEL} nor {CONFIG} with {WEIGHTS}",
        "name the model file, or the folder that directly holds it",
    )


def _saved_configs(path: Path) -> list[Any]:
    """The descriptions in a SavedModel's `keras_metadata.pb`: field 1 of the message is an object,
    field 5 of an object its metadata as JSON (tf_keras, protobuf/saved_metadata.proto).
    """
    configs = []
    try:
        for number, item in _fields((path / KERAS_METADATA).read_bytes()):
            metadata = [text for field, text in _fields(item) if field == 5] if number == 1 else []
            configs += [_json(text) for text in metadata if text]
    except (OSError, ValueError, LookupError) as error:
        raise ModelFileError(
            f"{path.name} is damaged: its {KERAS_METADATA} cannot be read", SAVE_AGAIN
        ) from error
    return [item for item in configs if isinstance(item, dict) and "config" in item]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the length-delimited fields of a protobuf message, and no others."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = varint()
        if key & 7 == 2:
            size = varint()
            if position + size > len(message):
                raise ValueError("the message is cut off")
            yield key >> 3, message[position : position + size]
            position += size
        elif key & 7 == 0:
            varint()
        else:
            position += {1: 8, 5: 4}[key & 7]


def _archive(path: Path) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if CONFIG not in names:
                raise ModelFileError(f"{path.name} is {_zip_of(names)}", KERAS_ONLY)
            if WEIGHTS not in names:
                raise ModelFileError(f"{path.name} holds a model without its weights", SAVE_AGAIN)
            broken = archive.testzip()
            if broken is not None:
                raise ModelFileError(f"{path.name} is damaged: {broken} in it fails its CRC",
                                     SAVE_AGAIN)  # fmt: skip
            config, version = _described(path, archive.read)
    except ModelFileError:
        raise
    except Exception as error:  # of a damaged archive zipfile raises whatever comes
        raise ModelFileError(
            f"{path.name} is a damaged or truncated archive ({error})", SAVE_AGAIN
        ) from error
    return Source(path, Format.ARCHIVE, version, config)


def _zip_of(names: list[str]) -> str:
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch model"
    if names and all(name.endswith(".npy") for name in names):
        return "a file of NumPy arrays"
    return "a zip archive that holds no Keras model"


def _described(path: Path, read: Callable[[str], bytes]) -> tuple[Any, str]:
    """Configuration and Keras version of an archive."""
    try:
        metadata, config = (_json(read(name)) for name in (METADATA, CONFIG))
        version = str(metadata["keras_version"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path.name} is damaged: its description cannot be read ({error})", SAVE_AGAIN
        ) from error
    return config, version


def _hdf5(path: Path) -> Source:
    stat = path.stat()
    try:
        found = _hdf5_description(str(path.resolve()), (stat.st_mtime_ns, stat.st_size))
        text = found["model_config"]
        config = None if text is None else _json(text)
    except (WorkerError, ValueError) as error:  # of a damaged file HDF5 raises whatever comes
        said = error.cause if isinstance(error, WorkerError) else str(error)
        raise ModelFileError(
            f"{path.name} is a damaged or truncated HDF5 file ({said[:LINE]})", SAVE_AGAIN
        ) from error
    if text is None:
        raise ModelFileError(
            f"{path.name} holds weights and no model"
            if found["weights_file"]
            else f"{path.name} is an HDF5 file that holds no Keras model",
            "build the model, load the weights with model.load_weights(), and"
            ' convert what model.save("model.keras") writes',
        )
    if not found["holds_weights"]:
        raise ModelFileError(f"{path.name} holds a model without its weights", SAVE_AGAIN)
    return Source(path, Format.HDF5, found["keras_version"] or "", config)


@cache
def _hdf5_description(path: str, _version: tuple[int, int]) -> dict[str, Any]:
    """Asked in a process of its own, once for a file that does not change: the library crashes
    over some damaged files, and does not come to an end with others.
    """
    found, _arrays = run_worker(HDF5_WORKER, {"model": path}, timeout_s=HDF5_TIMEOUT_S)
    return found


def _json(text: str | bytes) -> Any:
    """JSON values. Raises ValueError, also for what nests deeper than any model does."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error


def _foreign(path: Path, head: bytes) -> ModelFileError:
    """What a file is that is none of the three."""
    suffix = path.suffix.lower()
    if head[4:8] == b"TFL3":
        return ModelFileError(
            f"{path.name} is a .tflite, which is what hil convert makes",
            "look at it with hil inspect, and run it with hil run --hil-model",
        )
    if path.name == SAVED_MODEL or (path.with_name(SAVED_MODEL).is_file() and suffix == ".pb"):
        return ModelFileError(
            f"{path.name} is one file of a SavedModel", f"name its folder, {path.absolute().parent}"
        )
    if head.startswith(b"version https://git-lfs"):
        return ModelFileError(
            f"{path.name} is a Git LFS pointer and not the model itself", "get it with git lfs pull"
        )
    if head.startswith(b"\x80"):
        return ModelFileError(
            f"{path.name} is a Python pickle (PyTorch and scikit-learn save such)", KERAS_ONLY
        )
    if suffix == ".onnx":
        return ModelFileError(f"{path.name} is an ONNX model", KERAS_ONLY)
    if suffix == ".pb":
        return ModelFileError(
            f"{path.name} is a frozen TensorFlow 1 graph, which has no layers to export", KERAS_ONLY
        )
    if suffix in (".keras", ".h5", ".hdf5"):
        return ModelFileError(
            f"{path.name} is damaged or no Keras model: it begins like neither an archive nor an"
            " HDF5 file",
            SAVE_AGAIN,
        )
    if head.lstrip().startswith(b"{"):
        return ModelFileError(
            f"{path.name} describes a model, and its weights are missing", SAVE_WHOLE
        )
    return ModelFileError(f"{path.name} is no Keras model", KERAS_ONLY)
