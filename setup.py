"""Builds the emulator's C helper against the Unicorn headers that its wheel carries.

Everything else about the package is in pyproject.toml; a setup.py is only here because the
include path has to be asked of the installed `unicorn` package.
"""

from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("harness/tflm_hil/emulator/native")

unicorn = find_spec("unicorn")
if unicorn is None or unicorn.origin is None:
    raise SystemExit("unicorn is not installed in the build environment: pip installs it itself")

setup(
    ext_modules=[
        Extension(
            # Loaded with ctypes, not imported: the Unicorn symbols are resolved at load time
            # from the libunicorn that the Python package has already loaded.
            "tflm_hil.emulator.native._helper",
            sources=sorted(map(str, NATIVE.glob("*.c"))),
            depends=sorted(map(str, NATIVE.glob("*.h"))),
            include_dirs=[str(Path(unicorn.origin).parent / "include")],
            extra_compile_args=["-O2", "-std=c11", "-Wall", "-Wextra", "-fvisibility=hidden"],
        )
    ]
)
