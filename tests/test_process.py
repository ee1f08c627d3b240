"""Calls in processes of their own: fresh, bounded in time, in order, and what becomes of those that fail."""

import math
import os
import time

import pytest

from sercore import process
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


def interrupt_second_wait(monkeypatch):
    """Press Ctrl-C, as it were, when a first call is done and others go on."""
    wait, times = process.wait, []

    def interrupted(*given, **options):
        times.append(1)
        if len(times) > 1:
            raise KeyboardInterrupt
        return wait(*given, **options)

    monkeypatch.setattr(process, "wait", interrupted)


def test_an_interrupted_parent_leaves_no_process_behind(monkeypatch, tmp_path):
    interrupt_second_wait(monkeypatch)
    calls = [(str(tmp_path / "begun"),), *[(str(tmp_path / f"{number}"),) for number in range(200)]]
    with pytest.raises(KeyboardInterrupt):
        isolated_each(os.mkdir, calls, seconds=20, title="folders")
    made = len(list(tmp_path.iterdir()))
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) == made < 201


def test_an_interrupt_does_not_wait_for_a_call_that_never_returns(monkeypatch):
    interrupt_second_wait(monkeypatch)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        isolated_each(time.sleep, [(0,), (600,), (600,)], seconds=60, title="naps")
    assert time.monotonic() - started < 15
