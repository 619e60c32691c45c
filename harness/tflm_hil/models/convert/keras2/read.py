"""A file of Keras 2 as a Keras 3 model."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import tf_keras

from tflm_hil.models.convert.keras2.functions import pure
from tflm_hil.models.convert.keras2.graph import rebuilt, subclassed
from tflm_hil.models.convert.model_files import (
    Format,
    ModelFileError,
    Source,
    lambda_error,
    unreadable,
)
from tflm_hil.models.convert.sameness import check_same

# Layers that ran on a GPU only, and what computes the same everywhere.
CUDNN = {
    "CuDNNLSTM": ("LSTM", {"recurrent_activation": "sigmoid"}),
    "CuDNNGRU": ("GRU", {"recurrent_activation": "sigmoid", "reset_after": True}),
}
# Not layers of `tf_keras.layers`, but known to it.
KNOWN = ("Functional", "Sequential", "Model", "TFOpLambda", "SlicingOpLambda", "InstanceMethod",
         "ClassMethod", "InstanceProperty")  # fmt: skip


def read(source: Source) -> Any:
    """The model in Keras 3, the same on random input. Raises `ModelFileError`."""
    _check_layers(source)
    with tempfile.TemporaryDirectory(prefix="tflm-hil-keras2-") as directory:
        path = _readable(source, Path(directory))
        try:
            old = tf_keras.models.load_model(path, custom_objects=_functions(), compile=False)
        except Exception as error:  # of a damaged file Keras raises whatever comes
            raise unreadable(source, f"tf_keras {tf_keras.__version__}", error) from error
    new = rebuilt(old)
    check_same(old, new, _differs)
    return new


def _differs(how: str) -> ModelFileError:
    return ModelFileError(
        f"the model was saved by Keras 2, and rebuilt in Keras 3 it is not the same: {how}",
        "build it in Keras 3, check it against the old one, and save it with"
        ' model.save("model.keras")',
    )


def _functions() -> dict[str, Any]:
    """Functions of the user's own; classes are of Keras 3 and of no use to Keras 2."""
    own = keras.saving.get_custom_objects()
    return {name: item for name, item in own.items() if not isinstance(item, type)}


def _layer_configs(node: Any) -> Iterator[dict[str, Any]]:
    """Every table that describes a layer."""
    if isinstance(node, dict):
        settings = node.get("config")
        if "class_name" in node and isinstance(settings, dict) and "name" in settings:
            yield node
        for key, item in node.items():
            if key != "dtype":  # a policy
                yield from _layer_configs(item)
    elif isinstance(node, list):
        for item in node:
            yield from _layer_configs(item)


def _check_layers(source: Source) -> None:
    """Refuse, before anything of the file is run, code in it and classes that are not in it."""
    layers = list(_layer_configs(source.config))
    _check_code(source)
    top = source.config if isinstance(source.config, dict) else {}
    if top.get("class_name", KNOWN[0]) not in KNOWN:
        raise subclassed(str(top["class_name"]))
    unknown = sorted(
        {
            str(item["class_name"])
            for item in layers
            if item["class_name"] not in (*KNOWN, *CUDNN)
            and not hasattr(tf_keras.layers, str(item["class_name"]))
        }
    )
    if any(kind.startswith("Quantize") for kind in unknown):
        raise ModelFileError(
            f"{source.path.name} was made for quantisation-aware training: it is made of"
            f" {', '.join(unknown)} of tensorflow_model_optimization",
            "save the model as it was before quantize_model(), with the weights that were trained:"
            " quantisation is made here, with --to int8 and --samples",
        )
    if unknown:
        raise ModelFileError(
            f"{source.path.name} was saved by Keras 2 and is made of {', '.join(unknown)}, which"
            " Keras 2 does not define",
            "port these classes to keras.layers.Layer, build the model in Keras 3 with them, load"
            ' the weights, save it with model.save("model.keras"), and convert that file with'
            " --custom FILE, which names the classes; a file of Keras 2 holds none of their code",
        )


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every table from which Keras would make something, wherever it stands."""
    if isinstance(node, dict):
        if "class_name" in node:
            yield node
        for item in node.values():
            yield from _objects(item)
    elif isinstance(node, list):
        for item in node:
            yield from _objects(item)


def _check_code(source: Source) -> None:
    """A file may name any function of any module, and Keras 2 calls it while it loads the file.

    So what the tables look like does not matter here, only what they name.
    """
    objects = list(_objects(source.config))
    lambdas = [item for item in objects if item["class_name"] == "Lambda"]
    if lambdas:
        names = {str(_settings(item).get("name", "without a name")) for item in lambdas}
        raise lambda_error(sorted(names), keras2=True)
    own = keras.saving.get_custom_objects()
    foreign = [f"tf.{symbol}" for symbol in map(_symbol, objects) if symbol and not pure(symbol)]
    for item in objects:
        module = str(item.get("module") or "keras").split(".")[0]
        name = item["config"] if item["class_name"] == "function" else item["class_name"]
        if module not in ("keras", "tf_keras") and not _is_plain(item) and str(name) not in own:
            foreign.append(f"{item['module']}.{name}")
    if foreign:
        raise ModelFileError(
            f"{source.path.name} calls {', '.join(sorted(set(foreign)))}, which is no part of a"
            " network: what a file names is not run",
            "build the model in Keras 3 without it and load the weights; classes and functions of"
            " your own belong in a file for --custom",
        )


def _settings(item: dict[str, Any]) -> dict[str, Any]:
    settings = item.get("config")
    return settings if isinstance(settings, dict) else {}


def _symbol(item: dict[str, Any]) -> str:
    """What a layer that is a call of TensorFlow calls; "" for any other."""
    if item["class_name"] != "TFOpLambda":
        return ""
    return str(_settings(item).get("function") or _settings(item).get("symbol") or "nothing")


def _is_plain(item: dict[str, Any]) -> bool:
    """A value that JSON cannot say: a tuple, a type of numbers, a shape."""
    return str(item["class_name"]).startswith("__") or item["class_name"] == "TensorShape"


def _readable(source: Source, directory: Path) -> str:
    """A path that `tf_keras` reads: the same file, or a copy with layers that run anywhere."""
    path = source.path
    archive = directory / "model.keras"
    if source.format is Format.FOLDER:
        with zipfile.ZipFile(archive, "w") as packed:
            for item in path.rglob("*"):
                packed.write(item, item.relative_to(path))
        return str(archive)
    if source.format is Format.ARCHIVE and path.suffix != ".keras":
        shutil.copyfile(path, archive)
        return str(archive)
    if source.format is not Format.HDF5:
        return str(path)
    config = json.loads(json.dumps(source.config))
    changed = False
    for layer in _layer_configs(config):
        kind, settings = str(layer["class_name"]), layer["config"]
        if kind in CUDNN:
            layer["class_name"], more = CUDNN[kind]
            settings |= more
            changed = True
        elif kind == "GRU" and "reset_after" not in settings:
            settings["reset_after"] = False  # the only form before Keras 2.1.3
            changed = True
    copy = directory / "model.h5"
    if not changed and path.suffix in (".h5", ".hdf5"):
        return str(path)
    shutil.copyfile(path, copy)
    if changed:
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = json.dumps(config).encode()
    return str(copy)
