"""What is read of a Keras file before a framework is started, on damaged ones."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
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
from tests.support.mutations import mutations

PARTS = members("toy_gru")
READERS = (keras_config.input_names, keras_config.has_recurrent_layer, keras_config.layer_kinds)


def read(path: Path) -> None:
    """All that is asked of it."""
    identify(path)
    keras_config.has_stateful_layer(path)
    for reader in READERS:
        reader.__wrapped__(path)


def test_files(tmp_path: Path) -> None:
    for suffix, content in (".keras", archive_of(PARTS)), (".h5", hdf5_of(PARTS[CONFIG])):
        path = tmp_path / f"model{suffix}"
        tally = Tally(f"Keras files, {suffix}", ModelFileError)
        for name, copy in mutations({suffix: content}, count()):
            path.write_bytes(copy)
            tally.tried(partial(read, path), name)
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
