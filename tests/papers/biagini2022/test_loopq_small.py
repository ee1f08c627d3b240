"""What M1, M2 and M3 have in common: overfitting, gradients, one optimiser step, and a saved model in a new process."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from sercore import models
from sercore.models import cnnatt as loopq_cnnatt
from sercore.models import cnnlstm as loopq_cnnlstm
from sercore.models import fcmfcc as loopq_fcmfcc
from sercore.papers.biagini2022 import models as loopq_models
from sercore.papers.biagini2022.models import plan
from sercore.training.fitting import OPTIMISERS

# The published code on smaller pictures: all are reduced in frames, M1 also in bands and pools, M1 and M2 in width.
CNNLSTM = loopq_cnnlstm.Sizes(
    bands=8, frames=20, channels=(8, 12, 16, 32, 64), pools=(2, 2, 2, 1, 1), hidden=64
)
FCMFCC = loopq_fcmfcc.Sizes(frames=24, path_channels=8, channels=(16, 24, 32, 40, 80))
FCMFCC_3 = loopq_fcmfcc.Sizes(
    frames=24, path_channels=8, channels=(16, 24, 32, 40, 80), last_kernel=3
)

# Network, its sizes, frames and bands of its input, steps that overfit sixteen clips.
SMALL = {
    "M1 as-run": (partial(loopq_cnnlstm.CNNLSTM, variant="as-run"), CNNLSTM, (20, 8), 240),
    "M1 per-clip": (partial(loopq_cnnlstm.CNNLSTM, variant="per-clip"), CNNLSTM, (20, 8), 100),
    "M1 fixed": (partial(loopq_cnnlstm.CNNLSTM, variant="fixed"), CNNLSTM, (20, 8), 100),
    "M2 as-run": (loopq_fcmfcc.FCMFCC, FCMFCC, (24, 40), 80),
    "M2 as-described": (loopq_fcmfcc.FCMFCC, FCMFCC_3, (24, 40), 80),
    "M3 fixed": (loopq_cnnatt.CNNATT, loopq_cnnatt.SIZES, (12, 40), 60),
}


@pytest.mark.parametrize("name", SMALL)
def test_overfits_sixteen_clips_with_shuffled_labels(name):
    kind, sizes, (frames, bands), steps = SMALL[name]
    torch.manual_seed(0)
    network = kind(sizes)
    clips, labels = torch.randn(16, frames, bands), torch.randperm(16) % 7
    lengths = torch.randint(frames // 2, frames + 1, (16,))
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        cross_entropy(network(clips, lengths), labels).backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():  # a mean of evaluations, since the last dropout of M1 as run never rests
        assert (
            torch.stack([cross_entropy(network(clips, lengths), labels) for _ in range(10)]).mean()
            < 0.05
        )


@pytest.mark.parametrize(
    "name", [name for name in SMALL if name != "M1 per-clip"]
)  # whose recurrent weights are idle
def test_gradients_reach_every_parameter(name):
    """In evaluation mode, where batch norm does not cancel the convolutions' biases."""
    kind, sizes, (frames, bands), _ = SMALL[name]
    torch.manual_seed(0)
    network = kind(sizes).eval()
    cross_entropy(network(torch.randn(8, frames, bands)), torch.arange(8) % 7).backward()
    assert [
        key
        for key, weight in network.named_parameters()
        if weight.grad is None or not weight.grad.any()
    ] == []


@pytest.mark.parametrize("name", SMALL)
def test_one_step_changes_exactly_what_the_optimiser_holds(name):
    """All of it, as in the author's code; recurrent weights of M1 per-clip are held and idle, so that Adam leaves their bits."""
    kind, sizes, (frames, bands), _ = SMALL[name]
    torch.manual_seed(0)
    network = kind(sizes).train()
    model = {"M1": "CNNLSTM", "M2": "FCMFCC", "M3": "CNNATT"}[name[:2]]
    held = loopq_models.groups(network, model, rates="code")
    cross_entropy(network(torch.randn(8, frames, bands)), torch.arange(8) % 7).backward()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    how = plan(model, rates="code", epochs=1, precision="fp32")
    OPTIMISERS[how.optimiser](held, lr=how.rate, weight_decay=how.weight_decay, fused=True).step()
    changed = {
        key for key, value in network.state_dict().items() if not torch.equal(value, before[key])
    }
    assert {id(weight) for group in held for weight in group["params"]} == set(
        map(id, network.parameters())
    )
    idle = {"lstm.weight_hh_l0", "lstm.weight_hh_l1"} if name == "M1 per-clip" else set()
    assert changed == {key for key, _ in network.named_parameters()} - idle


def test_a_saved_model_predicts_the_same_in_a_new_process(tmp_path):
    """Weights as safetensors, the class and its published sizes by name; the last dropout of M1 as run from one seed."""
    kinds = {
        f"CNNLSTM-{variant}": ("CNNLSTM", {"variant": variant})
        for variant in ("as-run", "per-clip", "fixed")
    }
    kinds |= {name: (name, {}) for name in ("FCMFCC", "CNNATT")}
    expected = {}
    for file, (name, options) in kinds.items():
        network = getattr(models, name)(**options)
        clips = torch.randn(2, 313, 128 if name == "CNNLSTM" else 40)
        with torch.no_grad():
            network(clips)  # batch norm's statistics move, and are saved
            torch.manual_seed(5)
            expected[file] = network.eval()(clips, torch.tensor([313, 150]))
        save_file(network.state_dict(), tmp_path / f"{file}.weights")
        save_file({"clips": clips}, tmp_path / f"{file}.clips")
    code = f"""
import torch
from safetensors.torch import load_file, save_file
from sercore import models
for file, (name, options) in {kinds}.items():
    network = getattr(models, name)(**options).eval()
    network.load_state_dict(load_file(file + ".weights"))
    torch.manual_seed(5)
    with torch.no_grad():
        save_file({{"logits": network(load_file(file + ".clips")["clips"], torch.tensor([313, 150]))}}, file + ".logits")
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    for file, logits in expected.items():
        assert torch.allclose(load_file(tmp_path / f"{file}.logits")["logits"], logits, atol=1e-6)
