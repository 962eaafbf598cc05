"""Where an uploaded file waits to be confirmed.

Until then the browser holds its name, and can post any other instead. Names therefore cannot be guessed, and what is no
name of an upload, such as that of some other file, is taken for one that is gone.
"""

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from import_export.tmp_storages import CacheStorage, TempFolderStorage

# Of the installation's data folder.
FOLDER = "uploads"
# As those in the cache.
LIFETIME_SECONDS = CacheStorage.CACHE_LIFETIME

_NAME_BYTES = 16
_NAME = re.compile(rf"[0-9a-f]{{{2 * _NAME_BYTES}}}")


class CachedUpload(CacheStorage):
    """Where all machines find it, under a random name of the library's and a prefix that no other entry has. Raises
    FileNotFoundError once it is gone, as one in a folder does."""

    def read(self) -> Any:
        data = super().read()
        if data is None:
            raise FileNotFoundError(self.name)
        return data


class FolderUpload(TempFolderStorage):
    """Where this machine's processes find it and no other user looks. The library's own would open and remove any file
    of the system's temporary folder whose name is posted."""

    def save(self, data: bytes) -> None:
        """Whatever has waited too long is removed on the way: nothing else does."""
        self.name = secrets.token_hex(_NAME_BYTES)
        path = Path(self.get_full_path())
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_old(path.parent)
        with open(path, "xb", opener=_for_the_owner) as file:
            file.write(data)

    def read(self) -> Any:
        # The library's own makes a new file where the name is empty.
        with open(self.get_full_path(), self.read_mode, encoding=self.encoding) as file:
            return file.read()

    def get_full_path(self) -> str:
        """Asked before every read and removal. Raises FileNotFoundError for a name that is none of `save`."""
        if not _NAME.fullmatch(self.name):
            raise FileNotFoundError(self.name)
        return str(Path(settings.DATA_DIR) / FOLDER / self.name)


def _remove_old(folder: Path) -> None:
    for path in folder.iterdir():
        # Gone meanwhile: confirmed, or removed by another upload.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - LIFETIME_SECONDS:
                path.unlink()


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
