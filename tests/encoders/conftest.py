"""What the tests of encoders share: tiny checkpoints made once, copies that a test may spoil, and one thread."""

import shutil

import pytest
from threadpoolctl import threadpool_limits

from tests.encoders.tiny_checkpoints import save


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several threads on a busy machine wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Folder of a tiny checkpoint, by kind; made once."""
    made = {}

    def folder(kind):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("checkpoints") / kind
            save(made[kind], kind)
        return made[kind]

    return folder


@pytest.fixture
def copied(checkpoint, tmp_path):
    """A copy of a checkpoint that a test may spoil."""
    return lambda kind="wav2vec2-base": shutil.copytree(checkpoint(kind), tmp_path / kind)
