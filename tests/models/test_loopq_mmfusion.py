"""MMFUSION: part counts, lengths of each part, what the optimiser holds and what it leaves as drawn."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import AutoModel, ConvNextConfig, HubertConfig

from sercore.models.mmfusion import SIZES, MMFusion, Sizes, build, convnext_base, picture_cells
from tests.models.tiny_hubert import BASE

PICTURES = {
    "depths": [1, 1],
    "hidden_sizes": [8, 16],
    "num_stages": 2,
    "layer_scale_init_value": 1.0,
}
SMALL = {
    "bands": 16,
    "frames": 25,
    "coefficients": 5,
    "speech": 18,
    "recurrent": 8,
    "channels": 12,
    "heads": 3,
    "gate": 4,
    "divisor": 12,
    "dropout": 0.0,
    "hidden": 10,
}
FUSION = ("lstm.", "maps.", "blocks.")
HELD = ("before.", "output.", "pictures.", "speech.encoder.")


def tiny(seed: int = 0, **options) -> MMFusion:
    torch.manual_seed(seed)
    return build(
        HubertConfig(**BASE), ConvNextConfig(**PICTURES), sizes=Sizes(**SMALL), **options
    ).eval()


def clips(number: int = 4, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(number, *shape, generator=generator) for shape in ((25, 16), (25, 5), (400,))
    )


def size(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_parts_have_the_published_counts():
    with torch.device("meta"):
        network = build()
    assert size(network.speech) == 94_371_712
    assert size(network.speech.encoder) == 89_775_488
    assert size(network.speech.feature_extractor) == 4_200_448
    assert size(network.speech.feature_projection) == 395_008
    assert size(network.pictures) == 87_564_416
    assert size(network.lstm) == 2_187_264
    assert size(network.maps) == 331_776
    for block in network.blocks:
        assert size(block.attention) == 97_056
        assert size(block.forward_part) == 166_608
        assert size(block.first_norm) + size(block.second_norm) == 344_448
        assert size(block) == 608_112
    assert size(network.maps) + size(network.blocks[0]) == 939_888
    assert size(network.before) + size(network.output) == 19_463
    assert (
        size(network.lstm) + size(network.maps) + size(network.blocks) == 3_735_264
    )  # what as-run does not train
    assert size(network) == 185_690_855


@pytest.mark.parametrize(
    ("config", "sizes", "cells"),
    [(convnext_base(), SIZES, 4 * 9), (ConvNextConfig(**PICTURES), Sizes(**SMALL), 2 * 3)],
)
def test_cells_of_the_picture(config, sizes, cells):
    assert picture_cells(config, sizes) == cells
    model = AutoModel.from_config(
        ConvNextConfig(
            depths=[1] * len(config.depths),
            num_stages=len(config.depths),
            hidden_sizes=[8] * len(config.depths),
        )
    )
    found = model(torch.zeros(1, 3, sizes.bands, sizes.frames)).last_hidden_state
    assert found.shape[2] * found.shape[3] == cells


def test_parts_are_joined_in_order_spectrogram_mfcc_waveform():
    network = tiny()
    spectrogram, mfcc, waveform = clips()
    before = network.joined(spectrogram, mfcc, waveform)
    assert before.shape == (4, 6 + 25 + 18, 12)
    for changed, own in (
        ((spectrogram + 1, mfcc, waveform), slice(0, 6)),
        ((spectrogram, mfcc + 1, waveform), slice(6, 31)),
    ):
        apart = (network.joined(*changed) - before).abs().amax((0, 2)) > 0
        assert apart[own].all()
        assert apart.sum() == own.stop - own.start
    assert torch.allclose(
        before[:, 31:], network.maps[2](network.speech(waveform).last_hidden_state), atol=1e-6
    )


def test_the_picture_has_bands_upright_on_three_equal_channels():
    network, (spectrogram, mfcc, waveform) = tiny(), clips()
    picture = torch.stack([spectrogram.transpose(1, 2)] * 3, dim=1)
    cells = network.pictures["encoder"](
        network.pictures["embeddings"](picture)
    ).last_hidden_state  # (4, 16, 2, 3)
    first = torch.stack([cells[:, :, band, time] for band in range(2) for time in range(3)], dim=1)
    assert torch.allclose(
        network.joined(spectrogram, mfcc, waveform)[:, :6], network.maps[0](first), atol=1e-6
    )


@pytest.mark.parametrize("variant", ["as-run", "fixed"])
@pytest.mark.parametrize("frozen", [False, True])
def test_one_step_changes_exactly_what_the_optimiser_holds(variant, frozen):
    network = tiny(variant=variant, frozen=frozen).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    groups = network.groups(1e-4, 1e-5)
    functional.cross_entropy(network(*clips(8)), torch.arange(8) % 7).backward()
    torch.optim.AdamW(groups, weight_decay=1e-5).step()
    changed = {
        name for name, value in network.state_dict().items() if not torch.equal(value, before[name])
    }
    held = HELD[:3] if frozen else HELD
    expected = {
        name for name in before if name.startswith(held + (FUSION if variant == "fixed" else ()))
    }
    assert changed == expected
    assert [group["lr"] for group in groups] == [1e-4, 1e-5]
    fusion = {
        name: weight.grad for name, weight in network.named_parameters() if name.startswith(FUSION)
    }
    assert fusion
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in fusion.values())


def test_fusion_learns_at_the_rate_of_the_head():
    network = tiny(variant="fixed")
    rates = {
        id(weight): group["lr"] for group in network.groups(2.0, 1.0) for weight in group["params"]
    }
    found = {
        (name.split(".")[0], rates[id(weight)])
        for name, weight in network.named_parameters()
        if id(weight) in rates
    }
    head = {(part, 2.0) for part in ("before", "output", "lstm", "maps", "blocks")}
    assert found == head | {("pictures", 1.0), ("speech", 1.0)}


@pytest.mark.parametrize("variant", ["as-run", "fixed"])
def test_a_clip_alone_and_in_a_batch_agree(variant):
    """All clips have one length, so nothing of the others reaches a clip in either variant."""
    network, batch = tiny(variant=variant), clips()
    with torch.no_grad():
        alone = torch.cat([network(*(part[row, None] for part in batch)) for row in range(4)])
        assert torch.allclose(network(*batch), alone, atol=1e-5)
        assert torch.allclose(network(*batch), network.output(network.hidden(*batch)))
    assert network.hidden(*batch).shape == (4, 10)


def test_kept_frames_stand_in_for_a_frozen_encoder():
    whole = tiny(frozen=True)
    light = build(16, ConvNextConfig(**PICTURES), frozen=True, sizes=Sizes(**SMALL)).eval()
    light.load_state_dict(
        {
            name: value
            for name, value in whole.state_dict().items()
            if not name.startswith("speech.")
        }
    )
    spectrogram, mfcc, waveform = clips()
    frames = whole.speech(waveform).last_hidden_state
    assert torch.allclose(
        light(spectrogram, mfcc, frames), whole(spectrogram, mfcc, waveform), atol=1e-6
    )
    assert not whole.train().speech.training


@pytest.mark.parametrize("variant", ["as-run", "fixed"])
def test_sixteen_clips_with_shuffled_labels_are_learnt(variant):
    """Reduced: tiny parts without dropout, higher rates than the published ones; as run, around a fusion that stays random."""
    batch, target = clips(16), torch.randperm(16, generator=torch.Generator().manual_seed(2)) % 7
    network = tiny(variant=variant).train()
    optimiser = torch.optim.AdamW(network.groups(5e-3, 3e-3), weight_decay=1e-5)
    for _ in range(150):
        optimiser.zero_grad()
        functional.cross_entropy(network(*batch), target).backward()
        optimiser.step()
    with torch.no_grad():
        assert functional.cross_entropy(network.eval()(*batch), target) < 0.05


def test_a_saved_model_predicts_the_same_in_a_new_process(tmp_path):
    network, batch = tiny(variant="fixed"), clips()
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    save_file(dict(zip("abc", batch, strict=True)), tmp_path / "clips.safetensors")
    (tmp_path / "config.json").write_text(json.dumps([BASE, PICTURES, SMALL]))
    program = """
import json, torch
from safetensors.torch import load_file
from transformers import ConvNextConfig, HubertConfig
from sercore.models.mmfusion import Sizes, build
speech, pictures, sizes = json.load(open("config.json"))
network = build(HubertConfig(**speech), ConvNextConfig(**pictures), variant="fixed", sizes=Sizes(**sizes)).eval()
network.load_state_dict(load_file("weights.safetensors"))
with torch.no_grad():
    print(json.dumps(network(*load_file("clips.safetensors").values()).tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    with torch.no_grad():
        assert torch.allclose(torch.tensor(json.loads(done.stdout)), network(*batch), atol=1e-6)


def short(part: int) -> tuple[torch.Tensor, ...]:
    return tuple(each[:, :-8] if index == part else each for index, each in enumerate(clips()))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: tiny(variant="as-described"), "expected as-run or fixed"),
        (
            lambda: build(16, ConvNextConfig(**PICTURES), sizes=Sizes(**SMALL)),
            "kept frames cannot be tuned",
        ),
        (lambda: tiny()(*short(0)), r"input of shape \(4, 17, 16\)"),
        (lambda: tiny()(*short(1)), r"\[6, 17, 18\] positions .* for \[6, 25, 18\]"),
        (
            lambda: tiny()(*(each[:, :-40] if each.ndim == 2 else each for each in clips())),
            r"\[6, 25, 16\] positions",
        ),
        (
            lambda: build(16, ConvNextConfig(**PICTURES), frozen=True, sizes=Sizes(**SMALL))(
                *clips()
            ),
            "has no speech encoder",
        ),
    ],
)
def test_what_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()
