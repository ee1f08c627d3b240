"""Calls in processes of their own: fresh, bounded in time, in order, and what becomes of those that fail."""

import _thread
import math
import os
import signal
import threading
import time

import psutil
import pytest

from sercore.process import CallError, isolated, isolated_each


def test_results_come_in_the_order_of_the_calls():
    calls = [(number,) for number in range(20, 0, -1)]
    assert isolated_each(math.factorial, calls, seconds=20, title="factorials") == [
        math.factorial(each) for (each,) in calls
    ]


def test_every_call_has_a_process_of_its_own():
    processes = isolated_each(os.getpid, [()] * 8, seconds=20, title="processes")
    assert len({*processes, os.getpid()}) == 9


def test_a_call_that_never_returns_is_ended_in_time():
    started = time.monotonic()
    with pytest.raises(CallError, match=r"sleep: no result within 0\.3 s"):
        isolated(time.sleep, 600, seconds=0.3)
    assert time.monotonic() - started < 15


def test_a_call_that_never_returns_keeps_no_other_from_its_result():
    answers = isolated_each(
        time.sleep, [(0,), (600,), (0,), (600,), (0,)], seconds=0.3, title="naps"
    )
    assert [isinstance(answer, CallError) for answer in answers] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("function", "argument", "told"),
    [
        (os._exit, 3, "died with exit code 3"),
        (math.sqrt, -1, "sqrt: ValueError: "),
        (os.scandir, ".", "scandir: TypeError: .*pickle"),
    ],
)
def test_a_call_that_fails_says_how(function, argument, told):
    with pytest.raises(CallError, match=told):
        isolated(function, argument, seconds=20)
    assert isinstance(
        isolated_each(function, [(argument,)] * 2, seconds=20, title="failures")[1], CallError
    )


def test_no_call_no_process():
    assert isolated_each(math.sqrt, [], seconds=1, title="nothing") == []


def workers_and_calls() -> list[psutil.Process]:
    """Processes of workers, and of the calls that are copied from them."""
    processes = psutil.Process().children(recursive=True)
    return [each for each in processes if "popen_loky_posix" in " ".join(each.cmdline())]


@pytest.fixture
def interruptible():
    """Hear Ctrl-C, which a command in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_calls_that_never_return(tmp_path):
    calls = [(f"touch {tmp_path}/begun",), *[("sleep 600",)] * 4]
    started = time.monotonic()

    def press():
        """Press Ctrl-C, as it were, when a first call is done and others go on."""
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        time.sleep(0.5)
        _thread.interrupt_main()

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        isolated_each(os.system, calls, seconds=60, title="commands")
    while workers_and_calls() and time.monotonic() - started < 30:
        time.sleep(0.1)
    assert time.monotonic() - started < 30


def test_calls_are_copied_from_workers_not_from_the_caller():
    parents = isolated_each(os.getppid, [()] * 4, seconds=20, title="parents")
    assert os.getpid() not in parents
