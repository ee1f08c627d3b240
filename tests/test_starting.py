"""The package and its command start at once: nothing heavy is imported before it is needed."""

import subprocess
import sys

import pytest

from sercore import store


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
