"""The moment at which a run is to stop: asked before each trial and after each epoch.

A moment is a time of day, so that processes on other machines understand it.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_moment: ContextVar[float] = ContextVar("moment", default=math.inf)


class OutOfTime(RuntimeError):
    """The time of a run is over; what it finished is kept, and the same command goes on."""


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let what runs inside stop at a moment, in seconds since 1970; ``math.inf`` for never."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def moment() -> float:
    """Return the moment, in seconds since 1970; ``math.inf`` where there is none."""
    return _moment.get()


def left() -> float:
    """Return the seconds that are left; none are where this is not above zero."""
    return _moment.get() - time.time()
