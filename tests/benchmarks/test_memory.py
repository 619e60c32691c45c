"""Peak memory of the host process against the number of sequences of one model.

The same run with 1,000 and with 10,000 sequences, each in a process of its own, references cached
before, so that it is the run that is seen and no framework. What may grow is the numbers
themselves (samples, outputs of device and references, cycles: they are compared as arrays), not a
Python object for each of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "fixtures" / "models" / "sine_simple_rnn" / "float32-shift.tflite"
FEW, MANY = 1_000, 10_000
WINDOW, RUNGS = 9, 3  # TFLite, TFLM, board: there is no Keras model to a bare .tflite
# float32 input and outputs, and 64-bit cycles
NUMBERS_BYTES = 4 * (WINDOW + RUNGS) + 8
# Float64 of what is compared, and differences: a few copies, never hundreds of bytes of objects.
COPIES = 6
MOST_TIMES = 1.1
SCRIPT = """
import resource, sys
from tflm_hil.commands.main import main
status = main(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, status)
"""


def _peak_kb(count: int, folder: Path) -> int:
    samples = folder / f"{count}.npz"
    inputs = np.random.default_rng(1).normal(0, 1, (count, WINDOW, 1)).astype(np.float32)
    np.savez(samples, inputs=inputs)
    command = [sys.executable, "-c", SCRIPT, "measure", "--hil-model", str(MODEL)]
    command += ["--hil-samples", str(samples), "--hil-report-dir", str(folder / "reports")]
    peak = 0
    for _ in range(2):  # the first fills the cache of references
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        said = [line.split() for line in done.stdout.splitlines() if line.startswith("peak ")]
        assert said, done.stdout + done.stderr
        assert said[0][2] == "0", done.stdout
        peak = int(said[0][1])
    return peak


def test_memory_hardly_grows_with_the_number_of_sequences(tmp_path: Path) -> None:
    few, many = _peak_kb(FEW, tmp_path), _peak_kb(MANY, tmp_path)
    each = (many - few) * 1024 / (MANY - FEW)
    print(
        f"\npeak of the host process: {FEW:,} sequences {few / 1024:.1f} MB, {MANY:,}"
        f" {many / 1024:.1f} MB: {many / few:.3f} times, {each:.0f} bytes a sequence,"
        f" whose numbers are {NUMBERS_BYTES}"
    )
    assert many / few < MOST_TIMES
    assert each < COPIES * NUMBERS_BYTES
