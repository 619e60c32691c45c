"""Classes of the user's own: cells, layers and activations that a Keras model is made of.

A `.keras` file names such classes and does not hold them. The user names the Python file that
defines them (`hil convert --custom my_cells.py`, or `custom = "my_cells.py"` under `[keras]` in a
manifest), and the workers that load the model import it first:

    with known(Path("my_cells.py")) as module:
        model = load(Path("model.keras"))

Every class and function that the file defines or imports is known under its own name, registered
with `keras.saving.register_keras_serializable` or not. The file may hold a mapping `EQUATIONS` from
such a name to the same in NumPy (see `harness/tflm_hil/references/equations/build.py`): then the
ladder starts with it. Imports Keras: for workers only.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
from keras.src.backend.common import global_state

MODULE = "hil_custom"
# Where Keras keeps what keras.config.enable_unsafe_deserialization() sets for the whole process.
SAFE_MODE = "safe_mode_saving"


class CustomClassError(ValueError):
    """The user's file, or a class that no file defines; the message is `what`, and `remedy`."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}")


@contextmanager
def known(custom: Path | None) -> Iterator[ModuleType | None]:
    """The classes of the file `custom` are known to Keras inside the block, and what the file sets
    with `keras.config.enable_unsafe_deserialization()` holds there and no longer.

    None means that there is no file. Raises `CustomClassError` if the file cannot be imported.
    """
    registered = keras.saving.get_custom_objects()
    before = dict(registered)
    safe_mode = global_state.get_global_attribute(SAFE_MODE)
    try:
        module = None if custom is None else _imported(custom)
        if module is not None:
            registered.update(_defined(module))
        yield module
    finally:
        registered.clear()
        registered.update(before)
        global_state.set_global_attribute(SAFE_MODE, safe_mode)


def _imported(custom: Path) -> ModuleType:
    """The module of a file, its folder among those that it imports from."""
    if not custom.is_file():
        raise CustomClassError(f"there is no file {custom} with classes", "check the path")
    spec = importlib.util.spec_from_file_location(MODULE, custom)
    if spec is None or spec.loader is None:
        raise CustomClassError(f"{custom} is not a Python file", "name a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # dataclasses and pickles look their module up
    sys.path.insert(0, str(custom.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CustomClassError(
            f"{custom} cannot be imported: {type(error).__name__}: {error}",
            "correct it; it is imported by itself, with its own folder on the path",
        ) from error
    finally:
        sys.path.remove(str(custom.parent))
    return module


def _defined(module: ModuleType) -> dict[str, Any]:
    """Public classes and functions of the module by name, those that it imports included, but for
    Python's own: `typing.Any` would stand for the operation Any of Keras, which every mask is made
    with.
    """
    return {
        name: item
        for name, item in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(item) or inspect.isfunction(item))
        and item.__module__.split(".")[0] not in sys.stdlib_module_names
    }
