"""Files between their upload and its confirmation, where there is no cache that machines share."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from gamify.admin._uploads import LIFETIME_SECONDS, FolderUpload
from gamify.models import Tier
from tests.admin.console import Console, fields_of
from tests.admin.test_transfer import CONFIRM, HEADER, upload

TIERS = f"{HEADER}\ngold,Gold,3,points,{{}}"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where uploads wait; it is not there yet."""
    settings.DATA_DIR = tmp_path / "data"
    settings.IMPORT_EXPORT_TMP_STORAGE_CLASS = "gamify.admin._uploads.FolderUpload"
    return tmp_path / "data" / "uploads"


def waiting(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_waits_where_only_its_owner_looks_and_goes_when_it_is_confirmed(operator: Console, folder: Path) -> None:
    fields = fields_of(upload(operator, TIERS))
    assert waiting(folder) == [fields["import_file_name"]]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / fields["import_file_name"]).stat().st_mode & 0o777 == 0o600
    assert operator.post(CONFIRM, fields).status_code == 302
    assert Tier.objects.get().code == "gold"
    assert waiting(folder) == []


def test_no_name_is_given_twice(folder: Path) -> None:
    for _ in range(20):
        FolderUpload().save(b"")
    assert len(waiting(folder)) == 20


def test_a_file_of_the_temporary_folder_is_neither_read_nor_removed(operator: Console) -> None:
    fields = fields_of(upload(operator, TIERS))
    with tempfile.NamedTemporaryFile() as other:
        other.write(TIERS.encode())
        other.flush()
        response = operator.post(CONFIRM, {**fields, "import_file_name": Path(other.name).name}, follow=True)
        assert "was imported already, or has waited too long" in response.content.decode()
        assert not Tier.objects.exists()
        assert Path(other.name).exists()


@pytest.mark.parametrize("name", ["", ".", "notes.csv", "../secret_key", "A" * 32, "a" * 31, "a" * 32 + "\n", "a\0"])
def test_what_is_no_upload_s_name_is_that_of_a_file_that_is_gone(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    others = [folder / "notes.csv", folder / "../secret_key", folder / ("A" * 32)]
    for path in others:
        path.write_text("kept")
    for act in (FolderUpload(name=name).read, FolderUpload(name=name).remove):
        with pytest.raises(FileNotFoundError):
            act()
    assert [path.read_text() for path in others] == ["kept"] * 3


def test_what_nobody_confirmed_within_a_day_goes_with_the_next_upload(folder: Path) -> None:
    old, young, new = FolderUpload(), FolderUpload(), FolderUpload()
    old.save(b"old")
    young.save(b"young")
    for kept, seconds in ((old, LIFETIME_SECONDS + 60), (young, LIFETIME_SECONDS - 60)):
        os.utime(kept.get_full_path(), times=(time.time() - seconds,) * 2)
    new.save(b"new")
    assert waiting(folder) == sorted([young.name, new.name])
    assert young.read() == "young"
    with pytest.raises(FileNotFoundError):
        old.read()
