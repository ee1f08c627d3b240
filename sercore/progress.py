"""Progress of long loops: a bar where somebody watches, and one line where it is over.

A bar is drawn in a terminal and in a notebook, and vanishes when the loop ends; a log or a pipe gets
none. Of loops within loops a notebook shows the outer one, and processes that a loop starts show
none. A loop that took long leaves one line on standard error, the outer one alone.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from tqdm import tqdm

DELAY = 2.0  # seconds before a bar is drawn
LONG = 10.0  # seconds after which a loop leaves a line
LOG = (
    "SER_PROGRESS"  # "log" in the environment of a notebook's kernel that is watched through a log
)


def is_terminal() -> bool:
    """Tell whether standard error is a terminal."""
    return sys.stderr.isatty()


def is_notebook() -> bool:
    """Tell whether standard error is a notebook's, and the notebook is watched."""
    return type(sys.stderr).__module__.startswith("ipykernel") and os.environ.get(LOG) != "log"


class Progress(tqdm):
    """A bar over an iterable, or one that ``update`` moves.

    Args:
        iterable: what is looped over, if the bar is not moved by hand.
        title: what is done.
        total: number of steps.
        unit: name of one step (default: none, where the title says it).
        initial: steps that were done before.
        shown: False for no bar and no line.
    """

    opened: ClassVar[set[int]] = set()  # ids: bars are equal by their place

    def __init__(
        self,
        iterable: Iterable[Any] | None = None,
        *,
        title: str,
        total: int,
        unit: str = "",
        initial: int = 0,
        shown: bool = True,
    ):
        self.reports = shown and multiprocessing.parent_process() is None
        self.begun, self.done = time.monotonic(), initial
        may_draw = is_terminal() or (is_notebook() and not self.opened)
        settings = {"delay": DELAY, "mininterval": 1, "miniters": 0, "leave": False}
        super().__init__(
            iterable,
            desc=title,
            total=total,
            unit=unit or "it",
            initial=initial,
            disable=not (self.reports and may_draw),
            **settings,
        )
        self.words = f"{title}: {{}} of {total}{f' {unit}s' if unit else ''} in {{:.0f}} s"
        self.opened.add(id(self))

    def __iter__(self) -> Iterator[Any]:
        """Yield the items, and close the bar behind the last."""
        try:
            for item in super().__iter__():
                yield item
                self.done += 1
        finally:
            self.close()

    def update(self, n: float = 1) -> bool | None:
        """Move the bar by some steps."""
        self.done += n
        return super().update(n)

    def close(self) -> None:
        """Remove the bar; leave a line if it is the outer one and took long."""
        super().close()
        if id(self) not in self.opened:
            return
        self.opened.remove(id(self))
        seconds = time.monotonic() - self.begun
        if self.reports and not self.opened and seconds >= LONG:
            print(self.words.format(self.done, seconds), file=sys.stderr)
