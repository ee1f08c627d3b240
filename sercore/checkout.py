"""Which commit this checkout is at: for what is kept of a run."""

import subprocess

from sercore import store


def state() -> dict[str, object]:
    """Commit, and whether the tree is clean but for what is recorded; "unknown" and False where there is no repository."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!book/ledger/recorded")
    return {"commit": _git("rev-parse", "HEAD"), "clean": changed == ""}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=store.PROJECT, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git on this machine
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
