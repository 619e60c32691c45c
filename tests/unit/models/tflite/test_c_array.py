"""A model as C++ source: the compiler gets the same bytes back, aligned."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tflm_hil.models.tflite.c_array import c_array, identifier

CONTENT = bytes(range(256)) + b"TFL3" * 5

MAIN = """
#include <cstdint>
#include <cstdio>
#include "model.h"
int main() {
  if (reinterpret_cast<std::uintptr_t>(g_a_model_v2_data) % 16 != 0) return 1;
  return std::fwrite(g_a_model_v2_data, 1, g_a_model_v2_size, stdout) == g_a_model_v2_size ? 0 : 2;
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_a_compiler_reads_the_same_bytes(tmp_path: Path) -> None:
    source, header = c_array(CONTENT, "a model-v2")
    (tmp_path / "model.cc").write_text(source, encoding="utf-8")
    (tmp_path / "model.h").write_text(header, encoding="utf-8")
    (tmp_path / "main.cc").write_text(MAIN, encoding="utf-8")
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "main.cc", "model.cc", "-o", "main"],
        check=True,
        cwd=tmp_path,
    )
    done = subprocess.run([tmp_path / "main"], check=True, capture_output=True)
    assert done.stdout == CONTENT


@pytest.mark.parametrize(
    ("name", "word"),
    [("digits_lstm-int8", "digits_lstm_int8"), ("Größe", "gr_e"), ("--", "model"), ("A.b", "a_b")],
)
def test_names_become_identifiers(name: str, word: str) -> None:
    assert identifier(name) == word
