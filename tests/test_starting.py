"""The package and its command start at once, with nothing heavy imported before it is needed, and end with all that they started."""

import signal
import subprocess
import sys
import time

import psutil
import pytest
from typer.testing import CliRunner

from sercore import store
from sercore.cli import app


@pytest.mark.parametrize(
    "statement",
    ["import sercore", "from sercore.cli import app; app(['--help'], standalone_mode=False)"],
)
def test_starting_loads_nothing_heavy(statement):
    heavy = (
        "torch",
        "parselmouth",
        "librosa",
        "pandas",
        "numpy",
        "scipy",
        "sklearn",
        "transformers",
        "matplotlib",
        "papermill",
    )
    program = f"{statement}\nimport sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=store.PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_windows_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr("sercore.cli.sys.platform", "win32")
    done = CliRunner().invoke(app, ["models"])
    assert done.exit_code == 2
    assert done.stderr.startswith("Windows: sercore is neither tested nor supported there")
    assert done.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_ended_leaves_no_process_behind(tmp_path, number):
    """The processes are those that execute chapters side by side; here they sleep."""
    program = f"""
import os, time
from pathlib import Path
from joblib import Parallel, delayed
from sercore.cli import app

@app.command()
def sleep():
    for _ in Parallel(n_jobs=2, return_as="generator_unordered")(
        delayed(lambda name: (Path({str(tmp_path)!r}, str(os.getpid())).touch(), time.sleep(600)))(name)
        for name in range(2)
    ):
        pass

app(["sleep"])
"""
    command = subprocess.Popen(
        [sys.executable, "-c", program],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a background
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    started = [int(path.name) for path in tmp_path.iterdir()]
    command.send_signal(number)
    assert command.wait(30) == (128 + number if number == signal.SIGTERM else 130)
    wait_until(lambda: not any(map(psutil.pid_exists, started)))


def wait_until(is_so):
    """Wait until something is so, half a minute at most."""
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.1)
    pytest.fail("it is not so after half a minute")
