"""What a speaker encoder hears, kept: the outputs of the tiny one, masks that follow the clip, rows that are made once."""

import numpy as np
import pytest
import soundfile

from sercore import audio, store
from sercore.features import speaker
from sercore.features.fbank import centred, fbank
from sercore.papers.padi2021 import campplus
from sercore.papers.padi2021.campplus import MASKS, SCALED, Masks, masked
from tests import tiny_speaker

pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def kept(empty_store):
    """What is in the store."""
    return lambda: sorted(empty_store.rglob("*.npy"))


@pytest.fixture
def encoder(tmp_path):
    return speaker.load(tiny_speaker.write(tmp_path / "tiny"))


@pytest.fixture
def clips(tmp_path):
    paths = [tmp_path / f"{samples}.wav" for samples in (9000, 48_000)]
    for path in paths:
        soundfile.write(
            path,
            0.1 * np.random.default_rng(int(path.stem)).standard_normal(int(path.stem)),
            audio.RATE,
        )
    return paths


@pytest.fixture
def runs(monkeypatch):
    """Frames of each clip that passes through the encoder."""
    lengths, hear = [], speaker.SpeakerEncoder.hear

    def watched(self, frames):
        lengths.append(len(frames))
        return hear(self, frames)

    monkeypatch.setattr(speaker.SpeakerEncoder, "hear", watched)
    return lengths


def filterbank(clip):
    return centred(fbank(audio.read(clip)))


@pytest.mark.parametrize("masks", [None, Masks(policy="aggressive", version=2)])
def test_rows_are_the_encoders_outputs(encoder, clips, masks):
    settings = {"encoder": encoder, "masks": masks, "jobs": 1}
    found = {
        output: campplus.compute(clips, output=output, **settings) for output in speaker.OUTPUTS
    }
    for row, clip in enumerate(clips):
        frames = filterbank(clip)
        read = masked(frames, store.content(clip), masks=masks) if masks else frames
        middle, last, embedding = tiny_speaker.heard(read)
        for name, expected in (("frames_middle", middle), ("frames_last", last)):
            assert found[name][row].dtype == np.float16
            np.testing.assert_allclose(found[name][row], expected, rtol=1e-3, atol=1e-3)
        assert found["embedding"][row].dtype == np.float32
        np.testing.assert_allclose(found["embedding"][row], embedding, atol=1e-5)


def test_one_run_gives_all_three_outputs_and_each_view_is_kept(encoder, clips, runs, kept):
    for _ in range(2):
        for output in speaker.OUTPUTS:
            campplus.compute(clips, encoder=encoder, output=output, jobs=1)
    assert runs == [54, 298]
    for masks in MASKS:
        campplus.compute(clips[:1], encoder=encoder, output="embedding", masks=masks, jobs=1)
    assert runs == [54, 298] + [54] * 8
    assert len(kept()) == 10


def test_another_encoder_is_another_row(encoder, clips, tmp_path, kept, monkeypatch):
    monkeypatch.setattr(tiny_speaker, "NARROW", 2 * tiny_speaker.NARROW)
    other = speaker.load(tiny_speaker.write(tmp_path / "other"))
    one, two = (
        campplus.compute(clips[:1], encoder=each, output="embedding", jobs=1)[0]
        for each in (encoder, other)
    )
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6)
    assert len(kept()) == 2


def test_widths_are_those_of_table_1_for_80_bands():
    assert {
        name: (policy.bands, policy.frames, policy.share, policy.count)
        for name, policy in SCALED.items()
    } == {"conservative": (9, 50, 0.2, 2), "aggressive": (17, 70, 0.2, 2)}
    assert len(set(MASKS)) == 8


@pytest.mark.parametrize("policy", SCALED)
@pytest.mark.parametrize("length", [54, 298, 600])
def test_masks_are_within_the_policy(policy, length):
    frames = np.full((length, 80), 1.0, np.float32)
    wide = []
    for version in range(30):
        found = masked(frames, "clip", masks=Masks(policy=policy, version=version))
        assert set(np.unique(found)) <= {0.0, 1.0}
        silent, missing = ~found.any(axis=1), ~found.any(axis=0)
        assert np.array_equal(found == 0, silent[:, None] | missing)
        assert silent.sum() <= 2 * min(SCALED[policy].frames, length // 5)
        assert missing.sum() <= 2 * SCALED[policy].bands
        wide.append((silent.sum(), missing.sum()))
    assert np.median(wide, axis=0).min() > 0
    assert (frames == 1).all()


def test_masks_follow_from_clip_policy_and_version_alone():
    frames = np.random.default_rng(0).normal(size=(298, 80)).astype(np.float32)
    found = [masked(frames, content, masks=masks) == 0 for content in ("a", "b") for masks in MASKS]
    again = [
        masked(2 * frames, content, masks=masks) == 0 for content in ("a", "b") for masks in MASKS
    ]
    assert all(np.array_equal(one, two) for one, two in zip(found, again, strict=True))
    assert len({each.tobytes() for each in found}) == 16


def test_policies_draw_apart_even_at_equal_widths(monkeypatch):
    monkeypatch.setitem(SCALED, "conservative", SCALED["aggressive"])
    frames = np.ones((298, 80), np.float32)
    one, two = (masked(frames, "clip", masks=Masks(policy=policy)) for policy in SCALED)
    assert not np.array_equal(one, two)


def test_a_clip_too_short_is_named_and_the_others_are_kept(encoder, clips, tmp_path, kept):
    bad = tmp_path / "bad.wav"
    for samples, message in (
        (399, r"bad\.wav: 399 samples; a frame"),
        (719, r"bad\.wav: tiny: 2 frames of 10 ms"),
    ):
        soundfile.write(bad, np.zeros(samples), audio.RATE)
        with pytest.raises(audio.AudioError, match=message):
            campplus.compute([clips[0], bad], encoder=encoder, output="embedding", jobs=1)
    assert len(kept()) == 1
