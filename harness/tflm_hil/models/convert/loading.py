"""A Keras model from whatever file holds one. Imports Keras: for workers only.

    with known(custom):
        model = load(Path("model.h5"))

Keras 3 reads what Keras 3 wrote, and what is code of the user's own is opened (`opened`); what
Keras 2 wrote is rebuilt (`keras2`). Whatever cannot be loaded is a `ModelFileError` or, where the
file with the user's own classes is missing or lacks one, a `CustomClassError`: a sentence and a
remedy.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

import keras
from keras.src.saving.serialization_lib import in_safe_mode

from tflm_hil.models.convert.custom_classes import CustomClassError
from tflm_hil.models.convert.model_files import (
    LINE,
    Format,
    Source,
    identify,
    lambda_error,
    unreadable,
)
from tflm_hil.models.convert.opened import opened

SUFFIXES = {Format.ARCHIVE: (".keras",), Format.HDF5: (".h5", ".hdf5")}


def load(path: Path) -> Any:
    """The Keras 3 model in `path`, without its training state.

    Raises `ModelFileError`, and `CustomClassError` for classes of the user's own that no file
    defines.
    """
    source = identify(path)
    if source.keras2:
        from tflm_hil.models.convert.keras2.read import read  # tf_keras takes seconds to import

        return read(source)
    lambdas = sorted({str(item["config"].get("name", "")) for item in _nodes(source.config)
                      if item.get("class_name") == "Lambda"})  # fmt: skip
    if lambdas and in_safe_mode() is not False:
        raise lambda_error(lambdas)
    unknown = sorted(set(_foreign(source.config)) - set(keras.saving.get_custom_objects()))
    if unknown:
        raise CustomClassError(
            f"the model is made of {', '.join(unknown)}, which Keras does not define",
            'name the Python file that does: --custom FILE, or custom = "FILE" under [keras] in'
            " the manifest",
        )
    try:
        with _named_for_keras(source) as readable:
            model = keras.models.load_model(readable, compile=False)
    except Exception as error:  # of a damaged file Keras raises whatever comes
        raise _unreadable(source, error) from error
    return opened(model)


@contextmanager
def _named_for_keras(source: Source) -> Iterator[Path]:
    """The model under a name that Keras reads: it goes by the suffix."""
    suffixes = SUFFIXES.get(source.format, ())
    if not suffixes or source.path.suffix in suffixes:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="tflm-hil-model-") as directory:
        copy = Path(directory) / f"model{suffixes[0]}"
        shutil.copyfile(source.path, copy)
        yield copy


def _unreadable(source: Source, error: Exception) -> Exception:
    own = sorted(set(_own(source.config)))
    if own:
        return CustomClassError(
            f"{', '.join(own)} of your file cannot be made from the model's settings:"
            f" {shorten(str(error), LINE, placeholder=' …')}",
            "let the class take in __init__ what its get_config() gives, **kwargs for the base"
            " class included",
        )
    return unreadable(source, f"Keras {keras.__version__}", error)


def _own(config: Any) -> Iterator[str]:
    known = keras.saving.get_custom_objects()
    return (name for name in _foreign(config) if name in known)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every serialised object of a configuration."""
    if isinstance(node, dict):
        if "class_name" in node and isinstance(node.get("config"), dict):
            yield node
        for item in node.values():
            yield from _nodes(item)
    elif isinstance(node, list):
        for item in node:
            yield from _nodes(item)


def _foreign(node: Any) -> Iterator[str]:
    """Of every serialised object that is not of Keras, the name it is registered under."""
    if isinstance(node, dict):
        kind, package = str(node.get("class_name", "")), str(node.get("module")).split(".")[0]
        # "__keras_tensor__" and the like are no classes
        if kind and "module" in node and not kind.startswith("__") and package != "keras":
            name = node["config"] if kind == "function" else node.get("registered_name")
            yield str(name or kind)
        for item in node.values():
            yield from _foreign(item)
    elif isinstance(node, list):
        for item in node:
            yield from _foreign(item)
