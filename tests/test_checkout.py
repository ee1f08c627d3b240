"""The machine that a page says it was executed on is this one."""

import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from sercore import checkout, store

GPU = SimpleNamespace(
    cuda=SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "Planted GPU")
)
NO_GPU = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: False))


@pytest.mark.parametrize(
    ("device", "driver", "torch", "name"),
    [
        ("auto", "/bin/nvidia-smi", GPU, "Planted GPU"),
        ("cuda", "/bin/nvidia-smi", GPU, "Planted GPU"),
        ("cpu", "/bin/nvidia-smi", GPU, "Planted CPU: 2 GHz"),
        ("auto", "/bin/nvidia-smi", NO_GPU, "Planted CPU: 2 GHz"),
        ("auto", None, None, "Planted CPU: 2 GHz"),
    ],
)
def test_machine(monkeypatch, tmp_path, device, driver, torch, name):
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(checkout.shutil, "which", lambda program: driver)
    monkeypatch.setattr(checkout, "PROCESSORS", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: Planted CPU: 2 GHz\nmodel name\t: second\n"
    )
    assert checkout.machine(device) == name


@pytest.mark.parametrize("text", [None, "Hardware\t: board without a name\n"])
def test_a_processor_without_a_name_is_called_by_its_kind(monkeypatch, tmp_path, text):
    monkeypatch.setattr(checkout, "PROCESSORS", tmp_path / "cpuinfo")
    if text:
        (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(checkout.platform, "processor", lambda: "")
    monkeypatch.setattr(checkout.platform, "machine", lambda: "planted64")
    assert checkout.machine("cpu") == "planted64"


def test_the_history_around_a_project_is_not_its_own(monkeypatch, tmp_path):
    """As of an archive that was unpacked, or an environment made, in another repository."""
    inner = tmp_path / "venv" / "project"
    inner.mkdir(parents=True)
    (tmp_path / "file").touch()
    me = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    for command in (["init", "-q"], ["add", "file"], [*me, "commit", "-q", "-m", "outer"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(store, "PROJECT", tmp_path)
    assert len(checkout.state()["commit"]) == 40
    assert checkout.state()["clean"]
    monkeypatch.setattr(store, "PROJECT", inner)
    assert checkout.state() == {"commit": "unknown", "clean": False}


@pytest.mark.parametrize("git", [True, False])
def test_now_is_now_and_a_folder_without_history_says_so(monkeypatch, tmp_path, git):
    monkeypatch.setattr(store, "PROJECT", tmp_path)
    if not git:
        monkeypatch.setenv("PATH", "/nowhere")
    about = checkout.circumstances(device="cpu", versions={"numpy": "2"})
    assert abs((datetime.now(UTC) - datetime.fromisoformat(about["date"])).total_seconds()) < 60
    assert (about["commit"], about["clean"], about["versions"]) == (
        "unknown",
        False,
        {"numpy": "2"},
    )
    assert about["cores"] >= 1
