"""M4, HUBERTFT: a tuned speech encoder and a linear head (Biagini 2022, section 3.4).

Input recipe: 16 kHz waveform, silence trimmed at both ends, cut at 4.5 s, zeros appended to the
batch's longest; no normalisation of the amplitude.
"""

from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor, nn

from sercore.models.variants import check_variant

Variant = Literal["as-run", "fixed"]
BEFORE_ENCODER = ("feature_extractor", "feature_projection")


class OnSpeech(nn.Module):
    """A network on a speech encoder of ``transformers``, or on its kept frames.

    Args:
        speech: encoder that reads a waveform, on random or pretrained weights; or, with ``frozen``,
            the width of its kept frames, in place of the encoder.
        variant: ``as-run`` or ``fixed``.
        frozen: whether the encoder keeps its weights and its evaluation mode; else only its front
            does.

    Raises:
        ValueError: an unknown variant, a width without ``frozen``, or an encoder of another make.
    """

    def __init__(self, speech: nn.Module | int, *, variant: Variant, frozen: bool):
        super().__init__()
        check_variant(variant, get_args(Variant))
        self.variant, self.frozen = variant, frozen
        self.speech, self.speech_width = attach(speech, frozen=frozen)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen encoder stays in evaluation mode, as its kept frames were made."""
        super().train(mode)
        if self.frozen and self.speech is not None:
            self.speech.eval()
        return self

    def speech_frames(self, waveform: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Frames of the encoder's last layer: ``(batch, time, width)``."""
        if self.speech is None:
            raise ValueError(
                f"waveform of shape {tuple(waveform.shape)}: this network has no speech encoder;"
                " expected kept frames (batch, time, width). Give frames, or build it with the"
                " encoder."
            )
        return self.speech(waveform, attention_mask=mask).last_hidden_state


class HubertFT(OnSpeech):
    """Speech encoder whose front is frozen, its frames averaged over time, linear head.

    ``as-run`` (the default) hands the encoder a mask of the samples that are not exactly 0, in
    training only, and averages the padding in; ``fixed`` masks by length, in training and
    evaluation, in the encoder and in the mean.

    Shape:
        - clips: ``(batch, samples)``, or kept frames ``(batch, time, width)``
        - lengths: ``(batch,)`` samples, or frames, that are a clip's own; ``as-run`` does not read
          them
        - output: logits ``(batch, classes)``

    Source: Biagini 2022, section 3.4 and Figure 7; the mask, and where it is left out, as run in
    the author's public code. Deviation: ``fixed`` agrees for a clip alone and in a batch only on
    encoders that a mask keeps the padding out of: those whose first layer normalises each frame, as
    HuBERT large does, not those that normalise over the whole time, as HuBERT base does.
    """

    def __init__(
        self,
        speech: nn.Module | int,
        *,
        variant: Variant = "as-run",
        frozen: bool = False,
        classes: int = 7,
    ):
        super().__init__(speech, variant=variant, frozen=frozen)
        self.head = nn.Linear(self.speech_width, classes)

    def hidden(self, clips: Tensor, lengths: Tensor) -> Tensor:
        """Mean over time: ``(batch, width)``."""
        frames = clips  # (batch, time, width)
        if clips.ndim == 2:
            frames = self.speech_frames(clips, mask=self._mask(clips, lengths))
            lengths = self.speech._get_feat_extract_output_lengths(lengths)
        return frames.mean(1) if self.variant == "as-run" else masked_mean(frames, lengths)

    def forward(self, clips: Tensor, lengths: Tensor) -> Tensor:
        """Logits of the classes."""
        return self.head(self.hidden(clips, lengths))

    def groups(self, rate_head: float, rate_tuned: float) -> list[dict[str, Any]]:
        """Return the optimiser's parameter groups: the head, and the tuned part of the encoder.

        Source: Biagini 2022, Table 3; 1e-3 and 1e-4 in the code, 1e-4 and 1e-5 in the table.
        """
        groups = [{"params": list(self.head.parameters()), "lr": rate_head}]
        if not self.frozen:
            groups.append({"params": list(self.speech.encoder.parameters()), "lr": rate_tuned})
        return groups

    def _mask(self, clips: Tensor, lengths: Tensor) -> Tensor | None:
        """Mask of the samples that the encoder reads: ``(batch, samples)``."""
        if self.variant == "fixed":
            time = torch.arange(clips.shape[1], device=clips.device)
            return (time < lengths[:, None]).long()
        return (clips != 0).long() if self.training else None


def masked_mean(frames: Tensor, lengths: Tensor) -> Tensor:
    """Average each clip's valid frames.

    Shape:
        - frames: ``(batch, time, width)``; lengths: ``(batch,)`` frames
        - output: ``(batch, width)``

    Raises:
        ValueError: a clip without a frame, or with more than the batch.
    """
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < 1 or longest > frames.shape[1]:
        raise ValueError(
            f"clips of {shortest} to {longest} frames in a batch of {frames.shape[1]}; the mean needs"
            f" 1 to {frames.shape[1]}. Drop or pad shorter clips; count samples of a waveform,"
            " frames of kept frames."
        )
    time = torch.arange(frames.shape[1], device=frames.device)
    valid = (time < lengths[:, None]).unsqueeze(-1)  # (batch, time, 1)
    return frames.masked_fill(~valid, 0).sum(1) / lengths[:, None].to(frames.dtype)


def attach(speech: nn.Module | int, *, frozen: bool) -> tuple[nn.Module | None, int]:
    """Freeze an encoder, or only its convolutions and feature projection; return it with its width.

    A width is returned as it is, with None for the encoder: its kept frames are read.

    Raises:
        ValueError: a width without ``frozen``, or an encoder to tune that has other parts.
    """
    if isinstance(speech, int):
        if not frozen:
            raise ValueError(
                f"speech={speech}: kept frames cannot be tuned; expected an encoder. Give one, or"
                " set frozen=True."
            )
        return None, speech
    missing = [part for part in (*BEFORE_ENCODER, "encoder") if not hasattr(speech, part)]
    if missing:
        raise ValueError(
            f"{type(speech).__name__}: no {missing[0]}; expected an encoder of a raw waveform"
            " (HuBERT, wav2vec 2.0, WavLM). Choose another, or give the width of its kept frames"
            " with frozen=True."
        )
    if frozen:
        speech.requires_grad_(False).eval()
    else:
        # Its own method also spares the gradient for the waveform.
        speech.feature_extractor._freeze_parameters()
        speech.feature_projection.requires_grad_(False)
    return speech, speech.config.hidden_size


def build(config: Any = None, *, variant: Variant = "as-run", frozen: bool = False) -> HubertFT:
    """Build the network on random weights, from a configuration of ``transformers``.

    The default has the sizes of ``facebook/hubert-large-ll60k``: 315,445,895 parameters with the
    head.
    """
    from transformers import AutoModel, HubertConfig

    large = {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "feat_extract_norm": "layer",
        "conv_bias": True,
        "do_stable_layer_norm": True,
    }
    speech = AutoModel.from_config(config or HubertConfig(**large))
    return HubertFT(speech, variant=variant, frozen=frozen)
