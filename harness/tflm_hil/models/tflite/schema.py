"""The FlatBuffers reader and writer of the TFLite schema.

It comes with the tflite-micro wheel. It is loaded from its file and not as `tflite_micro.…`,
because importing that package loads the interpreter too.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from tflm_hil.errors import ReferenceFailed

SCHEMA_FILE = Path("tensorflow/lite/micro/python/schema_py_generated.py")


@cache
def load_schema() -> ModuleType:
    """The generated module, with `Model`, `ModelT`, `BuiltinOperator` and the others."""
    package = importlib.util.find_spec("tflite_micro")
    roots = package.submodule_search_locations if package else None
    path = Path(next(iter(roots))) / SCHEMA_FILE if roots else None
    if path is None or not path.is_file():
        raise ReferenceFailed(
            "the tflite-micro wheel is not installed",
            remedy="install the project's dependencies: pip install -e '.[dev]'",
        )
    name = "tflm_hil.models._tflite_schema"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def operator_names(schema: ModuleType) -> dict[int, str]:
    """Builtin code → name of the operator."""
    codes = vars(schema.BuiltinOperator).items()
    return {value: key for key, value in codes if isinstance(value, int)}
