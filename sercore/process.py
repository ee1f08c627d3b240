"""Calls in fresh processes of their own, bounded in time: Praat's synthesiser and Change gender need both.

Praat's synthesiser depends on what its process synthesised before, and Change gender never returns for some arguments.
Many calls share one process that imports what they need, never calls it, and is copied for each call.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from joblib import cpu_count


class CallError(RuntimeError):
    """A call in a process of its own that failed, died, or did not return in time."""


def isolated(function: Callable[..., Any], /, *arguments: object, seconds: float) -> Any:
    """Call a function in a fresh process and return its result.

    Args:
        function: importable by name; its result must pickle.
        arguments: passed on; must pickle.
        seconds: the longest it may take; then the process is killed.

    Raises:
        CallError: it raised, died or ran out of time.
    """
    answer = isolated_each(function, [arguments], seconds=seconds, title=function.__name__)[0]
    if isinstance(answer, CallError):
        raise answer
    return answer


def isolated_each(function: Callable[..., Any], calls: Sequence[tuple], *, seconds: float, title: str) -> list[Any]:
    """One fresh process a call, as many at a time as there are cores, with a bar; results in the order of the calls.

    A call that fails gives its ``CallError`` in place of a result.

    Args:
        function: importable by name; its results must pickle.
        calls: the arguments of each call; must pickle.
        seconds: the longest one call may take; then its process is killed.
        title: what the bar says; it is shown for two calls or more that take longer than two seconds.

    Raises:
        CallError: the process that the calls are copied from died, so the calls that were left have no answer.
    """
    from tqdm import tqdm

    if not calls:
        return []
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe()
    source = context.Process(target=_source, args=(there, function, list(calls), seconds, cpu_count()))
    source.start()
    there.close()
    answers: dict[int, Any] = {}
    try:
        with tqdm(total=len(calls), desc=title, disable=len(calls) < 2, delay=2) as bar:
            while len(answers) < len(calls):
                index, good, answer = here.recv()
                answers[index] = answer if good else CallError(f"{function.__name__}: {answer}")
                bar.update()
    except EOFError:
        source.join()
        raise CallError(
            f"{function.__name__}: the process that calls are copied from died with exit code {source.exitcode}, "
            f"{len(answers)} of {len(calls)} calls answered; is the function importable by name?"
        ) from None
    finally:
        here.close()
        source.join()
    return [answers[index] for index in range(len(calls))]


def _source(parent: Connection, function: Callable[..., Any], calls: list[tuple], seconds: float, width: int) -> None:
    running: dict[Connection, _Call] = {}
    left = list(enumerate(calls))[::-1]
    try:
        while left or running:
            while left and len(running) < width:
                call = _Call(parent, function, *left.pop(), time.monotonic() + seconds)
                running[call.answer] = call
            nearest = min(call.deadline for call in running.values())
            ready = wait([parent, *running], timeout=max(0.0, nearest - time.monotonic()))
            if parent in ready:
                return
            late = [call.answer for call in running.values() if call.deadline <= time.monotonic()]
            for answer in dict.fromkeys([*ready, *late]):
                parent.send(running.pop(answer).result(seconds))
    except BrokenPipeError:
        return
    finally:
        for call in running.values():
            call.end()


class _Call:
    """A call under way in a copy of this process."""

    def __init__(self, parent: Connection, function: Callable[..., Any], index: int, arguments: tuple, deadline: float):
        self.index, self.deadline = index, deadline
        self.answer, sending = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        self.process = fork.Process(target=_answer, args=(parent, sending, function, arguments), daemon=True)
        self.process.start()
        sending.close()

    def result(self, seconds: float) -> tuple[int, bool, Any]:
        """Index, whether it went well, and the answer or what went wrong."""
        try:
            if not self.answer.poll():
                return self.index, False, f"no result within {seconds:g} s; the call was ended"
            return self.index, *self.answer.recv()
        except EOFError:
            self.process.join()
            return self.index, False, f"its process died with exit code {self.process.exitcode}"
        finally:
            self.end()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.answer.close()


def _answer(parent: Connection, sending: Connection, function: Callable[..., Any], arguments: tuple) -> None:
    parent.close()  # else a call that hangs would hide the end of the process it was copied from
    try:
        sending.send((True, function(*arguments)))
    except Exception as error:
        sending.send((False, f"{type(error).__name__}: {error}"))
