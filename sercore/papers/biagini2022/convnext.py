"""ConvNeXt for MMFUSION by folder or hub id, or untrained; speech encoders: ``sercore.encoders``, whose rules hold here too.

Weights are safetensors only, a checkpoint's own code is never run, no network is used unless ``HF_HUB_OFFLINE=0`` is set.
"""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from sercore import store
from sercore.encoders import EncoderError
from sercore.models.mmfusion import convnext_base

FILES = ("config.json", "model.safetensors")
TINY = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32]}  # of the demo's random one


def load(name: str | Path) -> nn.Module:
    """ConvNeXt with pretrained weights in float32, its classifier left aside.

    In training it drops whole layers at ConvNeXt base's rate, 0.5 at the last, whatever its configuration says: hub checkpoints
    say 0, the library that the author's code took its weights from does not.

    Args:
        name: a folder with ``config.json`` and ``model.safetensors``, else a hub id.

    Raises:
        EncoderError: no such folder or cached id, no safetensors weights, no ConvNeXt, or damaged files.
    """
    from safetensors.torch import load_file
    from transformers import AutoConfig, ConvNextModel

    about, weights = _files(str(name))
    try:
        config = AutoConfig.from_pretrained(
            about.parent, local_files_only=True, trust_remote_code=False
        )
        if config.model_type != "convnext":
            raise EncoderError(
                f"{name}: a {config.model_type} model; expected a convnext. Choose another model."
            )
        config.drop_path_rate = convnext_base().drop_path_rate
        with torch.random.fork_rng(devices=[]):
            model = ConvNextModel(config)
        found = {key.removeprefix("convnext."): each for key, each in load_file(weights).items()}
        model.load_state_dict(
            {key: each for key, each in found.items() if not key.startswith("classifier.")}
        )
    except EncoderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        told = " ".join(str(error).split())[:200]
        raise EncoderError(
            f"{name}: not loadable ({told}); expected a whole ConvNeXt of transformers. Download or save it again."
        ) from error
    return model


def random(*, small: bool) -> nn.Module:
    """ConvNeXt with weights from torch's generator, base or the demo's tiny one."""
    from transformers import ConvNextConfig, ConvNextModel

    return ConvNextModel(ConvNextConfig(**TINY) if small else convnext_base())


def content(name: str | Path) -> str:
    """Digest of configuration and weights, without loading them; see ``load``. Of "random", of its name.

    Raises:
        EncoderError: no such folder or cached id, or no safetensors weights.
    """
    if str(name) == "random":
        return store.digest("random")
    return store.digest({file.name: store.content(file) for file in _files(str(name))})


def _files(name: str) -> list[Path]:
    folder = Path(name) if Path(name).is_dir() else _cached(name)
    for file in FILES:
        if not (folder / file).is_file():
            others = ", ".join(sorted(each.name for each in folder.iterdir())) or "nothing"
            raise EncoderError(
                f"{name}: no {file} among {others}; expected {' and '.join(FILES)}. Other weights are not read: save the model "
                "with transformers' save_pretrained."
            )
    return [folder / file for file in FILES]


def _cached(name: str) -> Path:
    """Folder of a hub id in the hub's cache, filled from the network only where ``HF_HUB_OFFLINE`` is set to no."""
    import huggingface_hub

    offline = os.environ.get("HF_HUB_OFFLINE", "1").upper() in ("1", "ON", "YES", "TRUE")
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=list(FILES), local_files_only=offline
            )
        )
    except (OSError, ValueError) as error:
        met = "" if offline else f" ({' '.join(str(error).split())[:200]})"
        raise EncoderError(
            f"{name}: no such folder, and no such model in the hub's cache{met}; expected a folder with a ConvNeXt, a hub id that "
            "is cached, or random. Check the spelling, or download it once with HF_HUB_OFFLINE=0."
        ) from error
