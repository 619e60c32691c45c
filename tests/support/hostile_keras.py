"""Keras files that would run what they name, and what loading each of them comes to.

    python -m tests.support.hostile_keras FOLDER

writes them there, loads each, and prints a line of JSON a file: its name, whether code of it ran,
and the refusal.
"""

from __future__ import annotations

import codecs
import json
import marshal
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py

MARK = "it ran"
VERSIONS = ("2.15.0", "3.3.0")


def _leaves_a_mark(x: Any) -> Any:
    import pathlib

    pathlib.Path("it ran").write_text("")
    return x


def _lambda(name: str | None) -> dict[str, Any]:
    """A Lambda as Keras 2 writes it: marshalled byte code."""
    code = codecs.encode(marshal.dumps(_leaves_a_mark.__code__), "base64").decode("ascii")
    settings = {"trainable": True, "dtype": "float32", "function": [code, None, None],
                "function_type": "lambda", "module": "__main__", "output_shape": None,
                "output_shape_type": "raw", "output_shape_module": None,
                "arguments": {}}  # fmt: skip
    return {"class_name": "Lambda", "config": settings | ({"name": name} if name else {})}


def _dense(**settings: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": "d", "units": 2, **settings}}


def _named(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def _layers() -> dict[str, dict[str, Any]]:
    layers = {}
    for name in ("l", None):
        one = _lambda(name)
        with_name = "named" if name else "nameless"
        layers[f"lambda-{with_name}"] = one
        layers[f"lambda-{with_name}-wrapped"] = {
            "class_name": "TimeDistributed", "config": {"name": "t", "layer": one},
        }  # fmt: skip
        for setting in ("activation", "dtype", "kernel_initializer", "kernel_regularizer"):
            layers[f"lambda-{with_name}-{setting}"] = _dense(**{setting: one})
    for module, function in (("os", "system"), ("builtins", "exec"), ("shutil", "rmtree"),
                             ("tensorflow.io.gfile", "remove")):  # fmt: skip
        layers[f"names-{module}-{function}"] = _dense(activation=_named(module, function))
    for symbol in ("io.write_file", "io.gfile.remove", "py_function", "math._sys.exit"):
        layers[f"calls-{symbol}"] = {
            "class_name": "TFOpLambda", "config": {"name": "f", "function": symbol},
        }  # fmt: skip
    return layers


def _config(layer: dict[str, Any]) -> str:
    begin = {"class_name": "InputLayer",
             "config": {"batch_input_shape": [None, 4, 3], "dtype": "float32", "sparse": False,
                        "ragged": False, "name": "i"}}  # fmt: skip
    return json.dumps(
        {"class_name": "Sequential", "config": {"name": "s", "layers": [begin, layer]}}
    )


def _hdf5(path: Path, config: str, version: str) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = config.encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = []
        group.attrs["backend"] = b"tensorflow"
        group.attrs["keras_version"] = version.encode()


def _archive(path: Path, config: str, version: str) -> None:
    weights = path.with_suffix(".weights")
    with h5py.File(weights, "w") as file:
        file.create_group("layers")
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("metadata.json", json.dumps({"keras_version": version}))
        packed.writestr("config.json", config)
        packed.write(weights, "model.weights.h5")
    weights.unlink()


def write(folder: Path) -> list[Path]:
    """All of them."""
    files = []
    for name, layer in _layers().items():
        for version in VERSIONS:
            config = _config(layer)
            files += [folder / f"{name}-{version}.h5", folder / f"{name}-{version}.keras"]
            _hdf5(files[-2], config, version)
            _archive(files[-1], config, version)
    return files


def main() -> None:
    """Load each file."""
    from tflm_hil.models.convert.loading import load

    folder = Path(sys.argv[1])
    os.chdir(folder)
    for path in write(folder):
        Path(MARK).unlink(missing_ok=True)
        said = ""
        try:
            load(path)
        except Exception as error:  # what kind is for the test to judge
            said = f"{type(error).__name__}: {error}"
        print(json.dumps([path.name, Path(MARK).exists(), said]), flush=True)


if __name__ == "__main__":
    main()
