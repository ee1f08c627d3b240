"""Calls in fresh processes, bounded in time.

Praat's synthesiser depends on what its process synthesised before, and Change gender never returns
for some arguments. Of several calls each has a process that is copied from one of a few workers,
which make none themselves and are smaller than most callers; a single call's is copied from the
caller.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

from joblib import Parallel, cpu_count, delayed

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
    workers = max(1, min(cpu_count(), len(calls)))
    parallel = Parallel(n_jobs=workers, backend="loky", return_as="generator")
    answers = parallel(delayed(_apart)(function, arguments, seconds) for arguments in calls)
    return list(Progress(answers, total=len(calls), title=title, shown=len(calls) > 1))


def _apart(function: Callable[..., Any], arguments: tuple, seconds: float) -> Any:
    from pebble import ProcessExpired, concurrent

    copied = concurrent.process(timeout=seconds, context=multiprocessing.get_context("fork"))
    try:
        return copied(function)(*arguments).result()
    except ProcessExpired as error:
        return CallError(f"{function.__name__}: its process died with exit code {error.exitcode}")
    except TimeoutError:
        words = f"{function.__name__}: no result within {seconds:g} s; the call was ended"
        return CallError(words)
    except Exception as error:
        return CallError(f"{function.__name__}: {type(error).__name__}: {error}")
