"""What several rooms' tests share: the real speech and the browser, where they are."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "untimed", deadline=None
)  # machines are shared and noisy: no test is timed
settings.load_profile("untimed")


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio")

# Files that take a minute or more, the longest first: begun first, so that no process waits for another one's last file.
LONGEST = (
    "test_own_tables.py",
    "test_fifth_paper.py",
    "test_path_of_a_number.py",
    "test_padi_paper.py",
    "test_sweep.py",
    "test_scripts.py",
    "test_wheel.py",
    "test_press.py",
    "test_leaks.py",
    "test_golden.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first, each file's in their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """Let this process connect to nothing but itself: whatever wants a network fails where it asks."""
    connect = socket.socket.connect

    def refuse_others(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not host.startswith("127.") and host != "::1":
                raise OSError(f"{host}: the tests reach no other machine")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse_others)
        yield


@pytest.fixture
def empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a store of this test's own, in which nothing is kept yet."""
    folder = tmp_path / "store"
    monkeypatch.setenv("SER_STORE", str(folder))
    return folder


@pytest.fixture(scope="session")
def speech() -> Path:
    """Folder of the real corpora: named by ``SER_CORPORA``, else ``shared/corpora`` beside the checkout; skips without one."""
    named = os.environ.get("SER_CORPORA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "corpora"
    if not folder.is_dir():
        pytest.skip(f"needs the real corpora: no folder {folder}; set SER_CORPORA")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium; skips where it or playwright is missing."""
    programs = list(filter(None, map(shutil.which, BROWSERS)))
    if not programs:
        pytest.skip("needs Chromium: none is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as control:
        launched = control.chromium.launch(executable_path=programs[0], args=ARGUMENTS)
        yield launched
        launched.close()
