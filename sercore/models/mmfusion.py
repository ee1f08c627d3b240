"""M5, MMFUSION: spectrogram, MFCC and waveform with unified attention (Biagini 2022).

Input recipe, of a clip at 16 kHz trimmed at both ends and cut or filled with zeros to 5 s: mel
spectrogram of 128 bands (window 1024, hop 256), its 40 MFCC, the samples. The spectrogram is linear
power in ``as-run`` and dB in ``fixed``: whoever makes the features sees to that; no network here
changes its scale.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sercore import encoders, store
from sercore.encoders import EncoderError
from sercore.models.hubertft import OnSpeech, Variant
from sercore.models.masking import as_picture
from sercore.models.unified_attention import UnifiedAttention


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Inputs and widths of section 3.5; spectrogram and MFCC have the same frames.

    Args:
        speech: frames of the speech encoder; 249 of 5 s from HuBERT, 250 from Whisper.
        recurrent: units of the LSTM each way, in each of its 2 layers.
        channels: channels of the joined sequence, d_z.
        gate: width of the gate's projections, d_g.
        divisor: the attention's scores are divided by its root: 144 in the author's code, 48 in the
            paper's formula.
        hidden: units before the output.
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


class MMFusion(OnSpeech):
    """ConvNeXt, bidirectional LSTM and speech encoder, two attention blocks, head.

    ``as-run`` (the default) leaves LSTM, maps and attention blocks out of the optimiser, ``fixed``
    puts them in. ``pictures`` is a ``ConvNextModel``, whose last layer norm is left out. The
    published sizes, with HuBERT base and ConvNeXt base, give 185,690,855 parameters.

    Shape:
        - spectrogram: ``(batch, time, bands)``, the transpose of the paper's picture, copied to 3
          channels here
        - mfcc: ``(batch, time, 40)``
        - waveform: ``(batch, samples)``, or kept frames ``(batch, time, width)``
        - output: logits ``(batch, 7)``

    Raises:
        ValueError: as ``OnSpeech``, or channels that the heads do not divide.

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
        super().__init__(speech, variant=variant, frozen=frozen)
        self.sizes = sizes
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
        widths = (pictures.config.hidden_sizes[-1], 2 * sizes.recurrent, self.speech_width)
        self.maps = nn.ModuleList(nn.Linear(width, sizes.channels, bias=False) for width in widths)
        for layer in self.maps:
            nn.init.xavier_uniform_(layer.weight)
        # Positions of each part.
        self.lengths = [picture_cells(pictures.config, sizes), sizes.frames, sizes.speech]
        self.blocks = nn.Sequential(
            *(
                UnifiedAttention(
                    sizes.channels,
                    sum(self.lengths),
                    heads=sizes.heads,
                    gate=sizes.gate,
                    divisor=sizes.divisor,
                    dropout=sizes.dropout,
                )
                for _ in range(2)
            )
        )
        self.before = nn.Sequential(
            nn.Dropout(sizes.dropout), nn.Linear(sizes.channels, sizes.hidden), nn.ReLU()
        )
        self.output = nn.Linear(sizes.hidden, sizes.classes)

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
        frames = waveform  # (batch, time, 768)
        if waveform.ndim == 2:
            frames = self.speech_frames(waveform)
        parts = (cells.flatten(2).transpose(1, 2), recurrent, frames)
        lengths = [part.shape[1] for part in parts]
        if lengths != self.lengths:
            raise ValueError(
                f"{lengths} positions of spectrogram, MFCC and waveform; the layer norms are for"
                f" {self.lengths}. Cut or fill the clips to one length, or build the network with"
                " the sizes of these."
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

    The defaults are the sizes of ``facebook/hubert-base-ls960`` and ConvNeXt base; ``speech`` may
    be the width of kept frames.
    """
    from transformers import AutoModel, HubertConfig

    encoder = speech if isinstance(speech, int) else AutoModel.from_config(speech or HubertConfig())
    network = AutoModel.from_config(pictures or convnext_base())
    return MMFusion(encoder, network, variant=variant, frozen=frozen, sizes=sizes)


def convnext_base() -> Any:
    """Return a configuration of ConvNeXt base, with layer drop up to 0.5 in training."""
    from transformers import ConvNextConfig

    return ConvNextConfig(
        depths=[3, 3, 27, 3], hidden_sizes=[128, 256, 512, 1024], drop_path_rate=0.5
    )


def load_convnext(name: str | Path) -> nn.Module:
    """Load ConvNeXt with pretrained weights in float32, without its classifier.

    In training it drops whole layers at ConvNeXt base's rate, 0.5 at the last, whatever its
    configuration says: hub checkpoints say 0, the library of the author's code does not. It is read
    from a folder or by hub id, by the rules of ``sercore.encoders``.

    Raises:
        EncoderError: no such folder or cached id, no safetensors weights, no ConvNeXt, or damaged
            files.
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
        weights = {}
        for key, value in load_file(weights_file).items():
            part = key.removeprefix("convnext.")
            if not part.startswith("classifier."):
                weights[part] = value
        model.load_state_dict(weights)
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
    folder = Path(name) if Path(name).is_dir() else encoders.snapshot(name)
    for file in CONVNEXT_FILES:
        if not (folder / file).is_file():
            others = ", ".join(sorted(other.name for other in folder.iterdir())) or "nothing"
            raise EncoderError(
                f"{name}: no {file} among {others}; expected {' and '.join(CONVNEXT_FILES)}. Other"
                " weights are not read: save the model with transformers' save_pretrained."
            )
    return [folder / file for file in CONVNEXT_FILES]
