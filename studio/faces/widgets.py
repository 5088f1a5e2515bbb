"""Chooses the widget of a face that draws a kind of control or output."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from studio.kinds.kind import Kind

Widget = TypeVar("Widget", bound=Callable[..., Any])


class Widgets(Generic[Widget]):
    """Holds the widgets of the face of that name.

    A kind has its own, or that of the kind it is a special case of, or the one that draws all kinds by their modules.
    """

    def __init__(self, face: str) -> None:
        self._face = face
        self._widgets: dict[type[Kind], Widget] = {}
        self._by_module: Widget | None = None

    def register(self, *kinds: type[Kind]) -> Callable[[Widget], Widget]:
        """Let the decorated widget draw these kinds."""

        def registered(widget: Widget) -> Widget:
            self._widgets.update(dict.fromkeys(kinds, widget))
            return widget

        return registered

    def register_modules(self, widget: Widget) -> Widget:
        """Let the decorated widget draw every kind that has a module and no widget."""
        self._by_module = widget
        return widget

    def of(self, kind: type[Kind]) -> Widget:
        """Find the widget that draws that kind.

        Raises:
            TypeError: this face has none.
        """
        if kind.module is not None and self._by_module is not None and kind not in self._widgets:
            return self._by_module
        for ancestor in kind.__mro__:
            if ancestor in self._widgets:
                return self._widgets[ancestor]
        raise TypeError(f"{self._face} has no widget for {kind.__name__}, which has no module either")
