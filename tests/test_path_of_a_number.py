"""How many files a reader opens to follow one printed number from its parameter to its verdict."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

FILES, SWITCHES = 36, 155  # not to be raised: what a reader must hold in mind
PROJECT = Path(__file__).resolve().parents[1]


def test_the_path_of_a_number_stays_short(tmp_path):
    environment = os.environ | {"SER_STORE": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "tests.path_of_a_number"]
    result = subprocess.run(
        command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    reached = [(file, name) for file, name in json.loads(result.stdout)]
    # It went all the way: parameters, corpus, training, verdict, table and claim.
    assert {
        ("papers/parry2022/study.py", "grid"),
        ("corpora/demo/synthetic.py", "make"),
        ("training/resumable.py", "run"),
        ("ledger/entries.py", "decide"),
        ("papers/parry2022/tables.py", "single"),
        ("papers/parry2022/claims.py", "_not_gender"),
    } <= set(reached)
    files = [file for file, _ in reached]
    switches = sum(one != other for one, other in pairwise(files))
    opened = sorted(set(files))
    assert len(opened) <= FILES, f"{len(opened)} files: {', '.join(opened)}"
    assert switches <= SWITCHES, f"{switches} switches between {len(opened)} files"
