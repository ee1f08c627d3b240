"""What is read is what was written: any tensor, any record; any damage is told; a saved model predicts as before."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from sercore.training import checkpoints

ABOUT = {
    "recipe": {"bands": 128},
    "classes": ["angry", "fear"],
    "corpora": ["TESS"],
    "score": 0.61,
    "limits": "acted, 2 speakers",
}


def network(classes: int = 2) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, classes))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(3.5),
        torch.zeros(0, 4),
        torch.arange(6, dtype=torch.int64).reshape(2, 3).T,
        torch.tensor([True, False]),
        torch.tensor([1.5, float("nan"), float("-inf")], dtype=torch.bfloat16),
        torch.randn(2, 16, 3, 4).to(memory_format=torch.channels_last),
        torch.get_rng_state(),
    ],
    ids=lambda tensor: f"{tensor.dtype} {tuple(tensor.shape)}",
)
def test_any_tensor_comes_back(tmp_path, tensor):
    checkpoints.write(
        tmp_path / "deep" / "a.safetensors",
        {"x.y": tensor, "tied": tensor},
        {"loss": 0.1 + 0.2, "best": None},
    )
    tensors, record = checkpoints.read(tmp_path / "deep" / "a.safetensors")
    assert record == {"loss": 0.1 + 0.2, "best": None}
    for name in ("x.y", "tied"):
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(
            tensors[name].contiguous().view(-1).view(torch.uint8),
            tensor.contiguous().view(-1).view(torch.uint8),
        )


def whole_file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "whole.safetensors"
        checkpoints.write(path, {"a": torch.arange(5.0), "b": torch.ones(2, 3)}, {"epoch": 3})
        return path.read_bytes()


WHOLE = whole_file()


@given(at=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_told_or_changes_nothing(at, bit):
    """A few bits, of blanks between words, carry nothing."""
    damaged = bytearray(WHOLE)
    damaged[at] ^= 1 << bit
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        path.write_bytes(damaged)
        try:
            tensors, record = checkpoints.read(path)
        except ValueError as error:
            assert str(error).startswith(f"{path}: damaged")  # noqa: PT017 (the other branch is no error)
        else:
            assert record == {"epoch": 3}
            assert torch.equal(tensors["a"], torch.arange(5.0))
            assert torch.equal(tensors["b"], torch.ones(2, 3))


@pytest.mark.parametrize("length", [0, 5, 8, len(WHOLE) // 2, len(WHOLE) - 1])
def test_a_file_cut_short_is_told(tmp_path, length):
    path = tmp_path / "state.safetensors"
    path.write_bytes(WHOLE[:length])
    with pytest.raises(ValueError, match=f"state.safetensors: damaged.*{length} bytes.*Delete it"):
        checkpoints.read(path)


def test_a_file_of_another_program_is_told(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="of another program"):
        checkpoints.read(tmp_path / "other.safetensors")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"best.safetensors: no such file; expected weights"
    ):
        checkpoints.read(tmp_path / "best.safetensors")


def test_an_optimiser_that_never_stepped_and_weights_without_gradient_have_no_state(tmp_path):
    net = network()
    optimiser = torch.optim.Adam(net.parameters(), fused=True)
    device = torch.device("cpu")
    assert not checkpoints.part(checkpoints.training_state(net, optimiser, device), "optimiser")
    net[3](torch.ones(1, 4)).sum().backward()
    optimiser.step()
    state = checkpoints.training_state(net, optimiser, device)
    assert {name.split(".")[0] for name in checkpoints.part(state, "optimiser")} == {"4", "5"}
    fresh = torch.optim.Adam((other := network()).parameters(), fused=True)
    checkpoints.restore(state, other, fresh, device)
    again = checkpoints.training_state(other, fresh, device)
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_a_saved_model_predicts_as_before_and_tells_what_it_is(tmp_path):
    net = network()
    net(torch.randn(8, 3))  # moves the batch norm's buffers
    checkpoints.save(net, tmp_path / "model", ABOUT)
    loaded, about = checkpoints.load(
        tmp_path / "model", lambda about: network(len(about["classes"]))
    )
    clips = torch.randn(5, 3)
    assert torch.equal(loaded(clips), net.eval()(clips))
    assert about == ABOUT == json.loads((tmp_path / "model" / "model.json").read_text())
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "weights.safetensors",
            lambda payload: payload[:-4] + b"\0\0\1\0",
            "weights.safetensors: damaged",
        ),
        (
            "model.json",
            lambda payload: payload.replace(b"0.61", b"0.91"),
            "model.json: not what weights.safetensors was saved with",
        ),
        ("model.json", lambda payload: payload[:20], "model.json: not what"),
        ("model.json", lambda payload: b"\xff", "model.json: not what"),
    ],
)
def test_an_altered_model_is_refused(tmp_path, name, change, message):
    checkpoints.save(network(), tmp_path, ABOUT)
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    with pytest.raises(ValueError, match=message):
        checkpoints.load(tmp_path, lambda about: network())


def test_a_model_without_its_description_or_of_another_shape_is_refused(tmp_path):
    checkpoints.save(network(), tmp_path, ABOUT)
    with pytest.raises(
        ValueError,
        match=r"weights.safetensors: not the built network.*size mismatch for 3.weight.*Build the network that was saved",
    ):
        checkpoints.load(tmp_path, lambda about: network(3))
    (tmp_path / "model.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"model.json: no such file"):
        checkpoints.load(tmp_path, lambda about: network())
