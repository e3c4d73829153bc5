"""The network that a run leaves behind, as others read it."""

import zipfile
from pathlib import Path

import keras

from art_transfer.errors import StudyError


def read_checkpoint(path: str | Path) -> keras.Model:
    """Load a run's ``model.keras`` in Keras's safe mode, which runs no code of the file.

    Raises StudyError for anything else.
    """
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise StudyError(f"{path}: this is no checkpoint of a run: {error}") from error
