"""M5, MMFUSION: spectrogram, MFCC and waveform with unified attention (Biagini 2022).

Input recipe, of a clip at 16 kHz trimmed at both ends and cut or filled with zeros to 5 s: mel
spectrogram of 128 bands (window 1024, hop 256), its 40 MFCC, the samples. The spectrogram is linear
power in ``as-run`` and dB in ``fixed``: whoever makes the features sees to that; no network here
changes its scale. Attention: ``unified_attention``; frozen parts: ``loopq_hubertft``.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sercore import store
from sercore.encoders import EncoderError
from sercore.models.hubertft import Variant, attach
from sercore.models.masking import as_picture
from sercore.models.unified_attention import UnifiedAttention
from sercore.models.variants import check_variant


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Inputs and widths of section 3.5.

    Args:
        bands: bands of the spectrogram.
        frames: frames of the spectrogram and of the MFCC.
        coefficients: number of MFCC.
        speech: frames of the speech encoder; 249 of 5 s from HuBERT, 250 from Whisper.
        recurrent: units of the LSTM each way, in each of its 2 layers.
        channels: channels of the joined sequence, d_z.
        heads: heads of the attention.
        gate: width of the gate's projections, d_g.
        divisor: the attention's scores are divided by its root: 144 in the author's code, 48 in the
            paper's formula.
        dropout: dropout in the LSTM, the feed-forward networks and the head.
        hidden: units before the output.
        classes: number of emotions.
    """

    bands: int = 128
    frames: int = 313
    coefficients: int = 40
    speech: int = 249
    recurrent: int = 256
    channels: int = 144
    heads: int = 3
    gate: int = 48
    divisor: int = 144
    dropout: float = 0.5
    hidden: int = 128
    classes: int = 7


SIZES = Sizes()
CONVNEXT_FILES = ("config.json", "model.safetensors")


class MMFusion(nn.Module):
    """ConvNeXt, bidirectional LSTM and speech encoder, two attention blocks, head.

    Args:
        speech: encoder of ``transformers`` that reads a waveform; or, with ``frozen``, the width of
            its kept frames.
        pictures: ``ConvNextModel`` of ``transformers``, on random or pretrained weights; its last
            layer norm is left out.
        variant: ``as-run`` leaves LSTM, maps and attention blocks out of the optimiser, ``fixed``
            puts them in (default as-run).
        frozen: whether the speech encoder keeps its weights and its evaluation mode (default no:
            its front is frozen only).
        sizes: inputs and widths; the published ones, with HuBERT base and ConvNeXt base, give
            185,690,855 parameters.

    Shape:
        - spectrogram: ``(batch, time, bands)``, the transpose of the paper's picture, copied to 3
          channels here
        - mfcc: ``(batch, time, 40)``
        - waveform: ``(batch, samples)``, or kept frames ``(batch, time, width)``
        - output: logits ``(batch, 7)``

    Raises:
        ValueError: an unknown variant, a width without ``frozen``, an encoder of another make, or
            channels that the heads do not divide.

    Source: Biagini 2022, section 3.5 and Figure 10; what the optimiser holds as in the author's
    public code. A mask is given to no part: all clips have the same length, and their zeros are
    read as silence.
    """

    def __init__(
        self,
        speech: nn.Module | int,
        pictures: nn.Module,
        *,
        variant: Variant = "as-run",
        frozen: bool = False,
        sizes: Sizes = SIZES,
    ):
        super().__init__()
        check_variant(variant, get_args(Variant))
        self.variant, self.frozen, self.sizes = variant, frozen, sizes
        self.speech, width = attach(speech, frozen=frozen)
        self.pictures = nn.ModuleDict(
            {"embeddings": pictures.embeddings, "encoder": pictures.encoder}
        )
        self.lstm = nn.LSTM(
            sizes.coefficients,
            sizes.recurrent,
            num_layers=2,
            dropout=sizes.dropout,
            bidirectional=True,
            batch_first=True,
        )
        widths = (pictures.config.hidden_sizes[-1], 2 * sizes.recurrent, width)
        self.maps = nn.ModuleList(nn.Linear(width, sizes.channels, bias=False) for width in widths)
        for layer in self.maps:
            nn.init.xavier_uniform_(layer.weight)
        # Positions of each part.
        self.lengths = [picture_cells(pictures.config, sizes), sizes.frames, sizes.speech]
        block = {
            "heads": sizes.heads,
            "gate": sizes.gate,
            "divisor": sizes.divisor,
            "dropout": sizes.dropout,
        }
        self.blocks = nn.Sequential(
            *(UnifiedAttention(sizes.channels, sum(self.lengths), **block) for _ in range(2))
        )
        self.before = nn.Sequential(
            nn.Dropout(sizes.dropout), nn.Linear(sizes.channels, sizes.hidden), nn.ReLU()
        )
        self.output = nn.Linear(sizes.hidden, sizes.classes)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen speech encoder stays in evaluation mode."""
        super().train(mode)
        if self.frozen and self.speech is not None:
            self.speech.eval()
        return self

    def joined(self, spectrogram: Tensor, mfcc: Tensor, waveform: Tensor) -> Tensor:
        """Spectrogram, MFCC and waveform along time: ``(batch, 36 + 313 + 249, 144)``.

        Raises:
            ValueError: inputs of another length than the layer norms are for, or a waveform where
                there is no encoder.
        """
        picture = as_picture(
            spectrogram, bands=self.sizes.bands, frames=self.sizes.frames
        )  # (batch, 1, bands, time)
        embedded = self.pictures["embeddings"](picture.expand(-1, 3, -1, -1))
        cells = self.pictures["encoder"](embedded).last_hidden_state  # (batch, 1024, 4, 9)
        recurrent, _ = self.lstm(mfcc)  # (batch, time, 512)
        frames = waveform if waveform.ndim == 3 else self._frames(waveform)  # (batch, time, 768)
        parts = (cells.flatten(2).transpose(1, 2), recurrent, frames)
        lengths = [part.shape[1] for part in parts]
        if lengths != self.lengths:
            raise ValueError(
                f"{lengths} positions of spectrogram, MFCC and waveform; the layer norms are for "
                f"{self.lengths}. Cut or fill the "
                "clips to one length, or build the network with the sizes of these."
            )
        return torch.cat([layer(part) for layer, part in zip(self.maps, parts, strict=True)], dim=1)

    def hidden(self, spectrogram: Tensor, mfcc: Tensor, waveform: Tensor) -> Tensor:
        """Units before the output: ``(batch, 128)``."""
        return self.before(self.blocks(self.joined(spectrogram, mfcc, waveform)).mean(1))

    def forward(self, spectrogram: Tensor, mfcc: Tensor, waveform: Tensor) -> Tensor:
        """Logits of the classes."""
        return self.output(self.hidden(spectrogram, mfcc, waveform))

    def groups(self, rate_head: float, rate_tuned: float) -> list[dict[str, Any]]:
        """Return the optimiser's parameter groups: the head, and the tuned encoders.

        In ``fixed`` LSTM, maps and attention blocks learn at the head's rate. In ``as-run`` nothing
        holds them: gradients reach them, and they stay as they were drawn.

        Source: Biagini 2022, Table 3; 1e-4 and 1e-5 in the code, 1e-5 and 1e-6 in the table.
        """
        head, tuned = [self.before, self.output], [self.pictures]
        if self.variant == "fixed":
            head += [self.lstm, self.maps, self.blocks]
        if not self.frozen:
            tuned.append(self.speech.encoder)
        return [
            {"params": [weight for part in parts for weight in part.parameters()], "lr": rate}
            for parts, rate in ((head, rate_head), (tuned, rate_tuned))
        ]

    def _frames(self, waveform: Tensor) -> Tensor:
        if self.speech is None:
            raise ValueError(
                f"waveform of shape {tuple(waveform.shape)}: this network has no speech encoder; "
                "expected kept frames "
                "(batch, time, width). Give frames, or build it with the encoder."
            )
        return self.speech(waveform).last_hidden_state


def picture_cells(config: Any, sizes: Sizes) -> int:
    """Count the cells of a spectrogram behind ConvNeXt: 4 x 9 as published."""
    bands, frames = sizes.bands // config.patch_size, sizes.frames // config.patch_size
    halvings = 2 ** (len(config.depths) - 1)
    return (bands // halvings) * (frames // halvings)


def build(
    speech: Any = None,
    pictures: Any = None,
    *,
    variant: Variant = "as-run",
    frozen: bool = False,
    sizes: Sizes = SIZES,
) -> MMFusion:
    """Build the network on random weights, from configurations of ``transformers``.

    Args:
        speech: configuration of the speech encoder (default: the sizes of
            ``facebook/hubert-base-ls960``), or the width of kept frames.
        pictures: configuration of ConvNeXt (default: ConvNeXt base).
        variant: variant of the network.
        frozen: whether the speech encoder is frozen.
        sizes: inputs and widths.
    """
    from transformers import AutoModel, HubertConfig

    encoder = speech if isinstance(speech, int) else AutoModel.from_config(speech or HubertConfig())
    return MMFusion(
        encoder,
        AutoModel.from_config(pictures or convnext_base()),
        variant=variant,
        frozen=frozen,
        sizes=sizes,
    )


def convnext_base() -> Any:
    """Return a configuration of ConvNeXt base, with layer drop up to 0.5 in training."""
    from transformers import ConvNextConfig

    return ConvNextConfig(
        depths=[3, 3, 27, 3], hidden_sizes=[128, 256, 512, 1024], drop_path_rate=0.5
    )


def load_convnext(name: str | Path) -> nn.Module:
    """Load ConvNeXt with pretrained weights in float32, without its classifier.

    In training it drops whole layers at ConvNeXt base's rate, 0.5 at the last, whatever its
    configuration says: hub checkpoints say 0, the library of the author's code does not.

    The rules are those of ``sercore.encoders``: safetensors only, a checkpoint's own code is never
    run, and no network is used unless ``HF_HUB_OFFLINE=0`` is set.

    Args:
        name: folder with ``config.json`` and ``model.safetensors``, else a hub id.

    Raises:
        EncoderError: no such folder or cached id, no safetensors weights, no ConvNeXt, or damaged files.
    """
    from safetensors.torch import load_file
    from transformers import AutoConfig, ConvNextModel

    config_file, weights_file = _convnext_files(str(name))
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(config_file.parent, **local)
        if config.model_type != "convnext":
            raise EncoderError(
                f"{name}: a {config.model_type} model; expected a convnext. Choose another model."
            )
        config.drop_path_rate = convnext_base().drop_path_rate
        with torch.random.fork_rng(devices=[]):
            model = ConvNextModel(config)
        weights = load_file(weights_file)
        model.load_state_dict(
            {
                key.removeprefix("convnext."): value
                for key, value in weights.items()
                if not key.removeprefix("convnext.").startswith("classifier.")
            }
        )
    except EncoderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        cause = " ".join(str(error).split())[:200]
        raise EncoderError(
            f"{name}: not loadable ({cause}); expected a whole ConvNeXt of transformers."
            " Download or save it again."
        ) from error
    return model


def convnext_content(name: str | Path) -> str:
    """Return the digest of configuration and weights; of "random", that of its name.

    Raises:
        EncoderError: no such folder or cached id, or no safetensors weights.
    """
    if str(name) == "random":
        return store.digest("random")
    return store.digest({file.name: store.content(file) for file in _convnext_files(str(name))})


def _convnext_files(name: str) -> list[Path]:
    folder = Path(name) if Path(name).is_dir() else _convnext_snapshot(name)
    for file in CONVNEXT_FILES:
        if not (folder / file).is_file():
            others = ", ".join(sorted(other.name for other in folder.iterdir())) or "nothing"
            raise EncoderError(
                f"{name}: no {file} among {others}; expected {' and '.join(CONVNEXT_FILES)}. Other"
                " weights are not read: save the model with transformers' save_pretrained."
            )
    return [folder / file for file in CONVNEXT_FILES]


def _convnext_snapshot(name: str) -> Path:
    """Folder of a hub id in the hub's cache, filled from the network only where ``HF_HUB_OFFLINE`` is set to no."""
    import huggingface_hub

    offline = os.environ.get("HF_HUB_OFFLINE", "1").upper() in ("1", "ON", "YES", "TRUE")
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=list(CONVNEXT_FILES), local_files_only=offline
            )
        )
    except (OSError, ValueError) as error:
        cause = "" if offline else f" ({' '.join(str(error).split())[:200]})"
        raise EncoderError(
            f"{name}: no such folder, and no such model in the hub's cache{cause}; expected a folder"
            " with a ConvNeXt, a hub id that is cached, or random. Check the spelling, or download"
            " it once with HF_HUB_OFFLINE=0."
        ) from error
