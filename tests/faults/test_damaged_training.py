"""A kept training whose files are damaged, lost or exchanged: told, and trained again to the same bits; never believed."""

from pathlib import Path

import pytest
import torch
from torch import nn

from sercore.training import checkpoints, resumable
from sercore.training.fitting import Plan, cross_entropy, fit, validation
from sercore.training.resumable import BEST, HISTORY, LAST

CLIPS = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
TARGET = (CLIPS.mean(1) > 0).long()


def trained(place: Path, *, seed: int = 0, weights: str = BEST):
    """A small training in this folder, found or run; the number of epochs that were run now comes with it."""
    torch.manual_seed(seed)
    network, epochs = nn.Linear(6, 2), []

    def batches(number):
        epochs.append(number)
        return [(CLIPS, TARGET)]

    def train():
        validate = validation(cross_entropy, lambda: [(CLIPS, TARGET)])
        groups = [{"params": network.parameters()}]
        plan = Plan(epochs=3, batch=24, rate=1e-2)
        fit(network, groups, cross_entropy, batches, validate, plan=plan, folder=place, seed=seed)

    found = resumable.trained(network, place, train, device=torch.device("cpu"), weights=weights)
    return found, len(epochs)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def exchange(path: Path) -> None:
    other = path.parent.with_name("other")
    trained(other, seed=1)
    path.write_bytes((other / path.name).read_bytes())


def earlier(path: Path) -> None:
    """Put the weights of another epoch of the same training there."""
    tensors, about = checkpoints.read(path)
    about["epoch"] -= 1
    checkpoints.write(path, {name: tensor + 1 for name, tensor in tensors.items()}, about)


@pytest.mark.parametrize("weights", [BEST, LAST])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (flip, "damaged, or of another program"),
        (lambda path: path.write_bytes(path.read_bytes()[:-7]), "damaged, or of another program"),
        (lambda path: path.write_bytes(b""), "damaged, or of another program"),
        (Path.unlink, "no such file"),
        (exchange, "weights of other; expected those of this training"),
        (earlier, r"weights of epoch \d; expected those of epoch \d"),
    ],
    ids=["flipped", "cut", "empty", "lost", "exchanged", "another epoch's"],
)
def test_damaged_weights_are_told_and_trained_again(tmp_path, weights, damage, told):
    place = tmp_path / "one"
    before, _ = trained(place, weights=weights)
    damage(place / weights)
    with pytest.warns(UserWarning, match=f"{told}.*It is trained again now"):
        after, epochs = trained(place, weights=weights)
    assert epochs == 3
    for name, tensor in before.network.state_dict().items():
        assert torch.equal(tensor, after.network.state_dict()[name])
    assert trained(place, weights=weights)[1] == 0  # and it is sound again


@pytest.mark.parametrize("content", [b"", b"{", b'{"epochs": [], "ending": "", "best": 99}'])
def test_what_people_read_is_not_what_is_believed(tmp_path, content):
    place = tmp_path / "one"
    before, _ = trained(place)
    (place / HISTORY).write_bytes(content)
    after, epochs = trained(place)
    assert epochs == 0
    assert after.history == before.history


def test_weights_say_what_they_are(tmp_path):
    found, _ = trained(tmp_path / "one")
    about = checkpoints.read(tmp_path / "one" / LAST)[1]
    assert about["folder"] == "one"
    assert about["history"]["best"] == found.history.best
