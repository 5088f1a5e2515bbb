"""Names of tasks, as a page says and draws them."""

from collections.abc import Sequence

from engines.taskonomy.published import FAMILIES, TASKS
from studio.drawn.heat_maps import Label


def listed(words: Sequence[str]) -> str:
    """Join words by commas, and the last two by "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def label_of(name: str) -> Label:
    """Label a task by its title, in the colour of its family."""
    return Label(TASKS[name].title, list(FAMILIES).index(TASKS[name].family))
