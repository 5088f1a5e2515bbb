"""Imports a module when it is first used, so that declaring a page loads no network's library.

importlib's LazyLoader, on which the package lazy_loader stands, is not safe among threads before Python 3.11.9 and
3.12.3: while one thread loads a module, another finds it half made. It also leaves modules that are not loaded yet in
`sys.modules`, where `inspect.stack()` loads all of them.
"""

import importlib
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def load(name: str) -> ModuleType:
    """Return a stand-in for the module of that full name, which imports it when one of its attributes is asked for."""
    return _Lazy(name)
