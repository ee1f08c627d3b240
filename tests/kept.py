"""What a store of a test's own may share with the store of all tests."""

from pathlib import Path

from sercore import store


def with_estimates(folder: Path) -> Path:
    """Make a store that is new but for the estimates of recorded scores, which are kept by their contents and take minutes."""
    (store.root() / "estimates").mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True)
    (folder / "estimates").symlink_to((store.root() / "estimates").resolve())
    return folder
