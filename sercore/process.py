"""Calls in fresh processes, bounded in time.

Praat's synthesiser depends on what its process synthesised before, and Change gender never returns
for some arguments. Each process is a copy of the calling one, which makes none of these calls itself.
"""

import multiprocessing
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from joblib import cpu_count

from sercore.progress import Progress


class CallError(RuntimeError):
    """A call in a fresh process that failed, died, or did not return in time."""


def isolated(function: Callable[..., Any], /, *arguments: object, seconds: float) -> Any:
    """Call a function in a fresh process and return its result; see ``isolated_each``.

    Raises:
        CallError: the call raised, died or ran out of time
    """
    (answer,) = isolated_each(function, [arguments], seconds=seconds, title=function.__name__)
    if isinstance(answer, CallError):
        raise answer
    return answer


def isolated_each(
    function: Callable[..., Any], calls: Sequence[tuple], *, seconds: float, title: str
) -> list[Any]:
    """Make each call in a fresh process, as many at a time as there are cores.

    A call that fails gives its ``CallError`` in place of a result.

    Args:
        function: function that is importable by name; its results must pickle
        calls: arguments of each call, which must pickle
        seconds: longest time of one call, after which its process is killed
        title: title of the bar, which is shown for two calls or more that take longer than 2 s
    """
    from pebble import concurrent

    if not calls:
        return []
    name = f"{title} {uuid.uuid4().hex}"
    call_apart = concurrent.process(function, name=name, timeout=seconds)
    waiting, running, done = deque(enumerate(calls)), {}, {}
    try:
        for _ in Progress(range(len(calls)), total=len(calls), title=title, shown=len(calls) > 1):
            while waiting and len(running) < cpu_count():
                index, arguments = waiting.popleft()
                running[call_apart(*arguments)] = index
            future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            done[running.pop(future)] = future
    finally:
        for process in multiprocessing.active_children():
            if process.name == name:  # left where an interrupt came: no call goes on
                process.kill()
                process.join()
    return [_answer(done[index], function.__name__, seconds) for index in range(len(calls))]


def _answer(future: Future, name: str, seconds: float) -> Any:
    from pebble import ProcessExpired

    try:
        return future.result()
    except ProcessExpired as error:
        return CallError(f"{name}: its process died with exit code {error.exitcode}")
    except TimeoutError:
        return CallError(f"{name}: no result within {seconds:g} s; the call was ended")
    except Exception as error:
        return CallError(f"{name}: {type(error).__name__}: {error}")
