"""HUBERTFT and MMFUSION as the report trained them: a pretrained speech encoder, and ConvNeXt, learn along with the rest.

How a trial is split, trained and scored is ``loopq_trial``'s, with the recipes of ``loopq_rows``; there both models stand behind
frozen encoders. The rows are in ``loopq_tuned_rows``; the samples are from ``loopq_waveforms``, the weights from
``loopq_pretrained``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

import numpy as np
import torch
from torch import nn

from sercore import store
from sercore.audio import RATE, AudioError
from sercore.models.hubertft import HubertFT
from sercore.models.mmfusion import MMFusion, Sizes
from sercore.papers.biagini2022 import convnext as loopq_convnext
from sercore.papers.biagini2022 import pretrained as loopq_pretrained
from sercore.papers.biagini2022.batches import Data
from sercore.papers.biagini2022.networks import SMALL
from sercore.papers.biagini2022.pretrained import Weights
from sercore.papers.biagini2022.trial import Fitted, Trial, fit_kept, outcome
from sercore.papers.biagini2022.tuned_rows import TunedRow, weights_of


@dataclass(frozen=True, kw_only=True)
class Tuned(Trial):
    """One training, as ``Trial`` has it; ``encoder`` names the speech encoder that is tuned.

    Args:
        pictures: name of the ConvNeXt that is tuned; "none" for HUBERTFT.
    """

    pictures: str

    @property
    def row(self) -> TunedRow:
        """The line of the grid that it belongs to."""
        return TunedRow(**asdict(super().row))


@dataclass(frozen=True)
class TunedData(Data):
    """What tuned trials read: clips, and by name the weights that their networks start from."""

    weights: Mapping[str, Weights] = field(default_factory=dict)

    def content(self, trial: Tuned) -> str:
        """Digest of what a trial reads, its weights included."""
        return store.digest(
            [super().content(trial), *(self.weights[what].content for what in trial.row.weights)]
        )

    def named(self, row: TunedRow) -> dict[str, str]:
        """Names of a row's weights, as its trials have them."""
        pictures = self.weights["pictures"].name if "pictures" in row.weights else "none"
        return {"encoder": self.weights[row.model].name, "pictures": pictures}


def joined(data: Data, rows: Sequence[TunedRow], where: Mapping[str, str]) -> TunedData:
    """Data with the weights that these rows start from.

    Args:
        data: with the rows' inputs.
        rows: that are trained.
        where: the weights are, as ``loopq_pretrained.addresses`` gives it.

    Raises:
        EncoderError: weights that cannot be loaded or tuned.
        AudioError: a clip too short for one frame of HUBERTFT's encoder.
    """
    weights = loopq_pretrained.described(weights_of(rows), where)
    if "HUBERTFT" in weights:
        sizes, least = data.inputs["waveform"].sizes, weights["HUBERTFT"].shortest
        if sizes.min() < least:
            raise AudioError(
                f"{data.table['path'].iloc[sizes.argmin()]}: {sizes.min()} samples between its silences; "
                f"{weights['HUBERTFT'].name} needs at least {least / RATE:.5f} s. Remove the file or record it again."
            )
    held = {each.name: getattr(data, each.name) for each in fields(Data) if each.init}
    return TunedData(**held, weights=weights)


def run(trial: Tuned, data: TunedData, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its test predictions by speaker, as ``trial.run`` does."""
    return outcome(trial, data, trained(trial, data, device=device))


def trained(trial: Tuned, data: TunedData, *, device: str = "cpu") -> Fitted:
    """Return the trial's network as ``trial.trained`` does, and leave numpy's own generator as it was.

    Raises:
        EncoderError: weights that are no longer those of the data.
    """
    network, state = build(trial, data), np.random.get_state()  # noqa: NPY002
    try:
        return fit_kept(trial, data, network, module=__name__, device=device)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def build(trial: Tuned, data: TunedData) -> nn.Module:
    """The trial's network before training: pretrained where it is tuned, random elsewhere.

    Raises:
        EncoderError: weights that are no longer those of the data.
    """
    parts = {what: loopq_pretrained.loaded(what, data.weights[what]) for what in trial.row.weights}
    speech, small = parts[trial.model].model, trial.size == "small"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        if trial.model == "HUBERTFT":
            network = HubertFT(speech, variant=trial.variant)
        else:
            samples = torch.tensor(int(data.inputs[trial.kinds[-1]].sizes.max()))
            frames = int(speech._get_feat_extract_output_lengths(samples))
            sizes = Sizes(**(SMALL["MMFUSION"] if small else {}), speech=frames)
            pictures = parts["pictures"] or loopq_convnext.random(small=small)
            network = MMFusion(speech, pictures, variant=trial.variant, sizes=sizes)
    speech.register_forward_pre_hook(_follow_torch)
    return network


def _follow_torch(speech: nn.Module, given: tuple) -> None:
    """Seed numpy's own generator, from which transformers draws its time mask: a training that goes on draws what it would have."""
    if speech.training:
        np.random.seed(int(torch.randint(2**31, ())))  # noqa: NPY002
