"""Frames of tiny random checkpoints: a clip's own only, alike in a batch and alone, in windows where long; and of real weights."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from sercore import audio, encoders
from tests.encoders.tiny_checkpoints import WAVEFORM, noise

TOGETHER = {
    "wav2vec2-large",
    "hubert-large",
    "wavlm-large",
    "unispeech-large",
    "unispeech-sat-large",
}
KINDS = [*WAVEFORM, "whisper"]


@pytest.mark.parametrize("kind", WAVEFORM)
def test_frames_are_the_models_on_the_clip_alone(checkpoint, kind):
    encoder, clip = encoders.load(checkpoint(kind)), noise(5003)
    model = transformers.AutoModel.from_pretrained(checkpoint(kind)).eval()
    level = (clip - clip.mean()) / np.sqrt(
        clip.var() + 1e-7
    )  # zero mean, unit variance: no pad is in it
    with torch.no_grad():
        expected = model(torch.from_numpy(level)[None]).last_hidden_state[0].numpy()
    (frames,) = encoder.frames([clip])
    assert frames.shape == expected.shape
    assert frames.shape[1] == encoder.width == 32
    np.testing.assert_allclose(frames, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["whisper", "whisper-full", "whisper-model"])
def test_whispers_frames_are_those_before_the_pad(checkpoint, kind):
    encoder, clip = encoders.load(checkpoint(kind)), noise(5003)
    model, extractor = (
        WhisperEncoder.from_pretrained(checkpoint("whisper")).eval(),
        encoder.extractor,
    )
    with torch.no_grad():
        padded = (
            model(extractor(clip, sampling_rate=16_000, return_tensors="pt").input_features)
            .last_hidden_state[0]
            .numpy()
        )
    (frames,) = encoder.frames([clip])
    assert padded.shape == (50, 32)
    assert frames.shape == (16, 32)  # 5003 samples of 320 a frame, the last one begun
    np.testing.assert_allclose(frames, padded[:16], atol=1e-5)
    assert np.abs(frames.mean(0) - padded.mean(0)).max() > 0.01, (
        "the pad's frames would be seen in the mean"
    )


@pytest.mark.parametrize(
    ("samples", "counts"), [(16_000, [50]), (16_001, [50, 1]), (37_000, [50, 50, 16]), (1, [1])]
)
def test_whisper_takes_a_long_clip_in_windows(checkpoint, samples, counts):
    encoder, clip = encoders.load(checkpoint("whisper")), noise(samples)
    (frames,) = encoder.frames([clip], batch=2)
    windows = [
        encoder.frames([clip[start : start + 16_000]])[0] for start in range(0, samples, 16_000)
    ]
    assert [len(window) for window in windows] == counts
    np.testing.assert_allclose(frames, np.concatenate(windows), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4)
@given(lengths=st.lists(st.integers(400, 18_000), min_size=2, max_size=4), batch=st.integers(2, 5))
def test_a_batch_is_its_clips_alone(checkpoint, kind, lengths, batch):
    encoder = encoders.load(checkpoint(kind))
    clips = [noise(length, seed) for seed, length in enumerate([*lengths, lengths[0]])]
    for clip, frames in zip(clips, encoder.frames(clips, batch=batch), strict=True):
        (alone,) = encoder.frames([clip])
        rounding = (
            1e-4 if kind == "data2vec-base" else 1e-5
        )  # its layers raise small values to unit variance five times
        np.testing.assert_allclose(frames, alone, atol=rounding)


@pytest.mark.parametrize("kind", KINDS)
def test_clips_of_any_length_share_a_batch_only_where_a_mask_keeps_the_pad_out(
    checkpoint, kind, monkeypatch
):
    encoder, sizes, run = encoders.load(checkpoint(kind)), [], encoders.Encoder._run
    monkeypatch.setattr(
        encoders.Encoder,
        "_run",
        lambda self, pieces: sizes.append(len(pieces)) or run(self, pieces),
    )
    encoder.frames([noise(4000), noise(5000), noise(4000, 1)], batch=8)
    assert sizes == ([3] if kind in TOGETHER | {"whisper"} else [2, 1])


@pytest.mark.parametrize("kind", ["wav2vec2-base", "data2vec-base"])
def test_a_pad_would_be_felt_where_clips_run_alone(checkpoint, kind):
    """The planted fault: the same encoder, told that its clips may share a batch."""
    encoder = encoders.load(checkpoint(kind))
    object.__setattr__(encoder, "alone", False)
    together = encoder.frames([noise(4000), noise(20_000)], batch=2)[0]
    assert np.abs(together - encoder.frames([noise(4000)])[0]).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_shortest_clip_has_one_frame(checkpoint, kind):
    encoder = encoders.load(checkpoint(kind))
    assert len(encoder.frames([noise(encoder.shortest)])[0]) == 1
    with pytest.raises(
        encoders.EncoderError,
        match=rf"^{encoder.shortest - 1} samples in .*; {encoder.name} needs at least .*\. Remove",
    ):
        encoder.frames([noise(encoder.shortest - 1)])


def test_no_clip_has_no_frames(checkpoint):
    assert encoders.load(checkpoint("wav2vec2-base")).frames([]) == []


def test_random_is_the_same_each_time_and_leaves_the_generator_alone():
    state = torch.get_rng_state()
    one, two = encoders.load("random"), encoders.load("random")
    assert torch.equal(torch.get_rng_state(), state)
    assert (one.name, one.width, one.content) == ("random", 32, two.content)
    assert np.array_equal(one.frames([noise(4000)])[0], two.frames([noise(4000)])[0])


def test_real_whisper_weights(speech):
    folder = speech.parent / "models" / "whisper-tiny.en-encoder"
    clips = sorted((speech / "ravdess" / "Actor_01").glob("*"))[:2]
    if not folder.is_dir() or len(clips) < 2:
        pytest.skip(
            f"needs the encoder of Whisper tiny.en and RAVDESS: no {folder}, or no clip in {speech / 'ravdess'}"
        )
    encoder = encoders.load(folder)
    assert (encoder.name, encoder.width, encoder.window, encoder.shortest) == (
        "whisper-tiny.en-encoder",
        384,
        480_000,
        1,
    )
    samples = [audio.read(clip) for clip in clips]
    one, two = encoder.frames(samples)
    assert [len(one), len(two)] == [-(-len(each) // 320) for each in samples]
    assert np.isfinite(one).all()
    assert np.isfinite(two).all()
    assert np.abs(one.mean(0) - two.mean(0)).max() > 0.1
