"""What a pretrained speaker encoder hears in the clips of paper 04, plain and under masks: taken from the store, or made and kept.

A stand-in for the speaker recogniser of Padi et al. 2021, section 3.2, where VoxCeleb is out of reach: the encoder stays as it is,
so each clip passes through it once a view, and a trial trains on what is kept.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sercore import store
from sercore.augment.policies import POLICIES, masked
from sercore.features import keeping
from sercore.features.fbank import BANDS, centred, fbank
from sercore.features.speaker import OUTPUTS, SpeakerEncoder

VERSIONS = 4  # masked versions of a clip under each policy (ours)
PAPERS_BANDS = 128
SCALED = {
    name: replace(policy, bands=round(policy.bands * BANDS / PAPERS_BANDS))
    for name, policy in POLICIES.items()
}


@dataclass(frozen=True, kw_only=True)
class Masks:
    """One masked version of a clip.

    Args:
        policy: "conservative" (masks of at most 9 of 80 bands and 50 frames) or "aggressive" (17 and 70): Table 1's widths in
            bands, of 128, times 80 / 128; in time at most 0.2 of the clip; two of each kind.
        version: 0 or more; each has masks of its own, for a clip the same in every run.

    Raises:
        ValueError: another policy, or a negative version.

    Source: Padi et al. 2021, section 3.4 and Table 1. Deviation: masks are drawn on the whole clip and not on the chunk, and a
    clip has ``VERSIONS`` of them in place of new ones each epoch.
    """

    policy: str
    version: int = 0

    def __post_init__(self):
        if self.policy not in SCALED:
            raise ValueError(
                f"policy={self.policy}: expected {' or '.join(SCALED)}. For a clip without masks give none."
            )
        if self.version < 0:
            raise ValueError(
                f"version={self.version}: expected 0 or more; {VERSIONS} versions are usual. Count from 0."
            )


MASKS = tuple(
    Masks(policy=policy, version=version) for version in range(VERSIONS) for policy in SCALED
)


def compute(
    clips: Sequence[Path | str],
    *,
    encoder: SpeakerEncoder,
    output: str,
    masks: Masks | None = None,
    jobs: int | None = None,
) -> list[np.ndarray]:
    """One output of the encoder for each clip, plain or masked. All three are kept, so that another one costs no new run.

    Args:
        clips: audio files.
        encoder: what ``sercore.features.speaker.load`` gives.
        output: "frames_middle", "frames_last" or "embedding".
        masks: which masked version (default: none is masked; ``MASKS`` holds the usual ones).
        jobs: processes that measure, 1 or more (default: one a core).

    Shape:
        - each row: ``(steps, 512)`` float16, one step for two frames of 10 ms; of the embedding ``(192,)`` float32

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.
        ValueError: another output.

    Source: Padi et al. 2021, sections 3.2 and 3.4. Deviation: frames are kept as float16, half the size.
    """
    if output not in OUTPUTS:
        raise ValueError(f"output={output}: expected {', '.join(OUTPUTS)}. Choose one of them.")
    settings = {
        "encoder": encoder.content,
        "onnxruntime": encoder.runtime,
        "masks": masks and asdict(masks),
    }

    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    hears = partial(heard, encoder=encoder, masks=masks)
    title = f"{encoder.name}, {masks.policy} {masks.version}" if masks else encoder.name
    rows = keeping.rows(
        clips, key=key, measure=partial(keeping.measure, hears, title=title, jobs=jobs, worth=20)
    )
    return [row[output].copy() for row in rows]  # a view would hold the other outputs in memory


def heard(
    samples: np.ndarray, content: str, *, encoder: SpeakerEncoder, masks: Masks | None = None
) -> np.ndarray:
    """The three outputs for one clip, as one record.

    Args:
        samples: one channel at 16 kHz, 720 samples or more.
        content: hash of the file, which the masks follow.
        encoder: as for ``compute``.
        masks: as for ``compute``.

    Shape:
        - samples: ``(samples,)``
        - output: ``()`` with the fields ``frames_middle``, ``frames_last`` (float16) and ``embedding`` (float32)
    """
    frames = centred(fbank(samples))  # as CAM++ was trained: samples in [-1, 1]
    found = encoder.hear(frames if masks is None else covered(frames, content, masks=masks))
    kinds = {"frames_middle": np.float16, "frames_last": np.float16, "embedding": np.float32}
    row = np.zeros(
        (), dtype=[(name, kind, getattr(found, name).shape) for name, kind in kinds.items()]
    )
    for name in kinds:
        row[name] = getattr(found, name)
    return row


def covered(frames: np.ndarray, content: str, *, masks: Masks) -> np.ndarray:
    """A centred filterbank with masks, 0 in masked cells; their places follow from content, policy and version alone.

    Shape:
        - frames, output: ``(time, 80)``
    """
    generator = torch.Generator().manual_seed(
        int(store.digest([content, masks.policy, masks.version])[:15], 16)
    )
    return masked(torch.from_numpy(frames)[None], SCALED[masks.policy], generator=generator)[
        0
    ].numpy()
