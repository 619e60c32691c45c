"""What is read of a Keras file before a framework is started, on damaged ones."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
from functools import partial
from pathlib import Path

import pytest
from tflm_hil.models.convert import hdf5_worker
from tflm_hil.models.convert.model_files import (
    CONFIG,
    KERAS_METADATA,
    METADATA,
    SAVED_MODEL,
    WEIGHTS,
    ModelFileError,
    identify,
)
from tflm_hil.references import keras_config

from tests.support import text_mutations
from tests.support.fuzzing import Tally, count
from tests.support.keras_files import archive_of, hdf5_of, members, metadata_of
from tests.support.mutations import mutated, mutations

PARTS = members("toy_gru")
READERS = (keras_config.input_names, keras_config.has_recurrent_layer, keras_config.layer_kinds)


def read(path: Path) -> None:
    """All that is asked of it."""
    identify(path)
    keras_config.has_stateful_layer(path)
    for reader in READERS:
        reader.__wrapped__(path)


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    tally = Tally("Keras files, .keras", ModelFileError)
    for name, copy in mutations({"archive": archive_of(PARTS)}, count()):
        path.write_bytes(copy)
        tally.tried(partial(read, path), name)
    tally.check()


# Of the damaged copies of `hdf5_of`: those over which HDF5 1.14 crashes, and does not end.
CRASHES, ENDLESS = 7610, 2832


@pytest.mark.parametrize("seed", [0, CRASHES, pytest.param(ENDLESS, marks=pytest.mark.slow)])
def test_hdf5_files_that_end_the_library_do_not_end_us(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(mutated(hdf5_of(PARTS[CONFIG]), seed))
    with pytest.raises(ModelFileError, match="damaged or truncated"):
        identify(path)


def test_hdf5_files(tmp_path: Path) -> None:
    """What the process that reads them does: answers, raises, or ends. A fork each is faster."""
    path = tmp_path / "model.h5"
    tally, ended = Tally("Keras files, .h5, by the process that reads them", ValueError), 0
    for name, copy in mutations({"hdf5": hdf5_of(PARTS[CONFIG])}, count()):
        path.write_bytes(copy)
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
            faulthandler.disable()
            try:
                hdf5_worker.described(path)
            except BaseException:
                os._exit(1)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended += code < 0
        with tally.trying(name):
            if code:
                raise ValueError("damaged")
    print(f"{ended} of them ended the process")
    tally.check()


@pytest.mark.parametrize("member", [CONFIG, METADATA])
def test_descriptions_in_an_archive_that_is_sound(tmp_path: Path, member: str) -> None:
    path = tmp_path / "model.keras"
    tally = Tally(f"Keras archives, {member}", ModelFileError)
    for copy in text_mutations.mutations(PARTS[member], seed=6, count=count()):
        path.write_bytes(archive_of({**PARTS, WEIGHTS: b"", member: copy}))
        tally.tried(partial(read, path), f"{copy[:200]!r}")
    tally.check()


def test_folders(tmp_path: Path) -> None:
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    tally = Tally("Keras folders", ModelFileError)
    for copy in text_mutations.mutations(PARTS[CONFIG], seed=7, count=count()):
        (tmp_path / CONFIG).write_bytes(copy)
        tally.tried(partial(read, tmp_path), f"{copy[:200]!r}")
    tally.check()


def test_saved_models(tmp_path: Path) -> None:
    (tmp_path / SAVED_MODEL).write_bytes(b"")
    description = json.loads(PARTS[CONFIG])
    original = metadata_of(description, {"class_name": "Dense", "config": {"name": "dense"}})
    tally = Tally("SavedModel descriptions", ModelFileError)
    for name, copy in mutations({"metadata": original}, count()):
        (tmp_path / KERAS_METADATA).write_bytes(copy)
        tally.tried(partial(read, tmp_path), name)
    tally.check()
