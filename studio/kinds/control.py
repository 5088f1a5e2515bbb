"""Defines what every kind of control does: it checks, describes and writes down the value that a visitor sets."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from engines.runtime.errors import InputError
from studio.kinds.kind import Kind

if TYPE_CHECKING:
    from studio.declared import Experiment

UPLOADED = "uploaded file"
"""The words that replace a visitor's own file in a link, which cannot carry it."""


@dataclass(frozen=True)
class Control(Kind, is_general=True):
    """Is something a visitor sets; its value is passed to `run` under the control's name.

    `help` is one sentence; controls of one `group` stand together under that word; `advanced` ones are folded away.
    `where` tells when its value has an effect: while one of the controls named there has an effect and one of these
    values, or, for True, is on, given or not zero, and for False the contrary. Else it stands back.
    """

    label: str
    help: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)
    advanced: bool = field(default=False, kw_only=True)
    where: Mapping[str, bool | Collection[str]] = field(default_factory=dict, kw_only=True)

    is_drawn: ClassVar[bool] = True
    """Whether it stands among the controls of a page."""
    is_linked: ClassVar[bool] = True
    """Whether a link carries its value."""
    moves_alone: ClassVar[bool] = False
    """Whether the first partial result says all that a visitor needs to see while this control moves."""

    if TYPE_CHECKING:
        # Each kind declares its own: declared here as well, it would be the first argument.
        @property
        def default(self) -> Any:
            """Return the value that a visitor finds."""

    is_passed: ClassVar[bool] = True
    """Whether `run` gets its value."""
    tells: ClassVar[bool] = False
    """Whether there may be `notices` about a value, so that its experiment needs an output for them."""

    @property
    def belongs(self) -> str | None:
        """Name the control of the file about which its value says something, if any."""
        return None

    @property
    def subject(self) -> str:
        """Return what an error about its value begins with."""
        return self.label

    @property
    def is_required(self) -> bool:
        """Tell whether a program has to give it."""
        return False

    def check(self, value: Any) -> Any:
        """Return the value as `run` gets it.

        Raises:
            InputError: the value cannot be used; the message names the control, the value and what is possible.
        """
        raise NotImplementedError

    def corrected(self, value: Any) -> str:
        """Say which value `check` takes in place of this one; nothing where it takes it as it is."""
        return ""

    def checked(self, name: str, given: Mapping[str, Any]) -> Any:
        """Return its value as `run` gets it, given the values of all controls; `name` is the control's own.

        Raises:
            InputError: as for `check`.
        """
        return self.check(given[name])

    def beside(self, name: str) -> Mapping[str, "Control"]:
        """Return the controls that come with it, if it is called `name`."""
        return {}

    def notices(self, value: Any) -> Mapping[str, str]:
        """Return sentences on how a checked value was read: what is not used of it, or not as it is, by subject."""
        return {}

    def check_among(self, value: Any, values: Mapping[str, Any]) -> None:
        """Refuse a checked value that does not go with the other controls' checked values.

        Raises:
            InputError: it does not.
        """

    def fitted(self, value: Any, values: Mapping[str, Any]) -> Any:
        """Return the value if it goes with the other controls' values, else one that does."""
        return value

    def check_declared(self, value: Any) -> None:
        """Refuse a value that a page declares as a default or in a preset.

        Raises:
            ValueError: it cannot be used.
        """
        try:
            self.check(value)
        except InputError as error:
            raise ValueError(str(error)) from None

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks what this control refers to.

        Raises:
            ValueError: it lacks something.
        """

    def parse(self, text: str) -> Any:
        """Return the value that `text` means on a command line.

        Raises:
            InputError: it means none.
        """
        return text

    def read(self, text: str) -> Any:
        """Return the checked value that `text` means in a link.

        Raises:
            InputError: it means none.
        """
        return self.check(self.parse(text))

    def text(self, value: Any) -> str:
        """Write the value as a link has it."""
        return plain(self.written(value))

    def written(self, value: Any) -> Any:
        """Write the value as a saved picture's parameters have it."""
        return UPLOADED if isinstance(value, bytes) else value

    def words(self, value: Any) -> str:
        """Write the value as a visitor reads it in the list of results."""
        return str(value)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of a value: types alone, so that `check` itself answers what is out of bounds."""
        raise NotImplementedError

    def possible(self) -> str:
        """Say in a sentence, for programs, which values there are."""
        return ""

    def is_own(self, value: Any) -> bool:
        """Tell whether the value is a visitor's own file."""
        return False

    def described(self) -> str:
        """Return all that a program is told of the control."""
        return " ".join(part for part in (f"{self.label}.", self.help, self.possible()) if part)

    def received(self, value: Any, file: Callable[[str], bytes | None]) -> Any:
        """Return the value that a browser sent, with the file itself instead of the token by which `file` finds it.

        Raises:
            InputError: that file is no longer held.
        """
        return value


def plain(value: Any) -> str:
    """Write a value as a link has it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(plain(part) for part in value)
        case _:
            return str(value).removesuffix(".0")
