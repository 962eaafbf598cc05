"""Registries: one file per plug-in in a package, found by importing every module of it."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Plug-ins by name. `discover` once, in the package that holds them; `register` in each of its modules."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._by_name: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        def remember(plugin: T) -> T:
            assert name not in self._by_name, f"two plug-ins for the {self.what} {name!r}"
            self._by_name[name] = plugin
            return plugin

        return remember

    def get(self, name: str) -> T | None:
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._by_name))


def discover(package: ModuleType) -> None:
    """Import every module of `package`, so that each registers what it holds."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
