import pytest
from importlinter import cli


def test_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.lint_imports(no_cache=True) == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out
