"""Embeddings of many clips: the mean of a clip's own frames, kept, found again; what a bad clip does to the others."""

import numpy as np
import pytest
import soundfile

from sercore import audio, encoders, store
from sercore.features import embedding

RATE = audio.RATE


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """An empty store."""
    folder = tmp_path / "store"
    monkeypatch.setenv("SER_STORE", str(folder))
    return lambda: sorted(folder.rglob("*.npy"))


@pytest.fixture(scope="module")
def encoder():
    return encoders.load("random")


@pytest.fixture
def run(monkeypatch):
    """Lengths of the clips of each call of the network; ``stop`` is a length that ends the run."""
    lengths, frames = [], encoders.Encoder.frames

    def watched(self, clips, *, batch):
        if any(len(clip) == getattr(watched, "stop", -1) for clip in clips):
            raise KeyboardInterrupt
        lengths.append([len(clip) for clip in clips])
        return frames(self, clips, batch=batch)

    monkeypatch.setattr(encoders.Encoder, "frames", watched)
    watched.lengths = lengths
    return watched


@pytest.fixture
def clips(tmp_path):
    """Four clips of noise, the longest first."""
    paths = [tmp_path / f"{samples}.wav" for samples in (9000, 7000, 5000, 3000)]
    for path in paths:
        soundfile.write(
            path, 0.1 * np.random.default_rng(int(path.stem)).standard_normal(int(path.stem)), RATE
        )
    return paths


@pytest.mark.parametrize("batch", [None, 1, 3, 8])
def test_a_row_is_the_mean_of_the_clips_frames(encoder, clips, batch):
    rows = embedding.compute(encoder, clips, device="cpu", batch=batch)
    assert rows.shape == (4, encoder.width)
    assert rows.dtype == np.float64
    for row, clip in zip(rows, clips, strict=True):
        (frames,) = encoder.frames([audio.read(clip)])
        np.testing.assert_allclose(row, frames.astype(np.float64).mean(axis=0), atol=1e-5)


def test_no_clip_gives_no_row(encoder):
    assert embedding.compute(encoder, []).shape == (0, 32)


def test_what_is_kept_is_not_computed_again(encoder, clips, run, kept):
    rows = embedding.compute(encoder, clips[:2], batch=1)
    assert len(kept()) == 2
    again = embedding.compute(encoder, [str(clip) for clip in reversed(clips)], batch=1)
    assert run.lengths == [[7000], [9000], [3000], [5000]]
    assert np.array_equal(again[::-1][:2], rows)


def test_two_runs_give_the_same_bits(encoder, clips, tmp_path, monkeypatch):
    one = embedding.compute(encoder, clips, device="cpu")
    monkeypatch.setenv("SER_STORE", str(tmp_path / "second"))
    assert np.array_equal(
        one[::-1], embedding.compute(encoders.load("random"), clips[::-1], device="cpu")
    )


def test_an_interrupted_run_goes_on_where_it_was(encoder, clips, run, kept):
    run.stop = 7000
    with pytest.raises(KeyboardInterrupt):
        embedding.compute(encoder, clips, batch=1)
    assert len(kept()) == 2
    run.stop = -1
    embedding.compute(encoder, clips, batch=1)
    assert run.lengths == [[3000], [5000], [7000], [9000]]


def test_clips_alike_in_length_share_a_batch(encoder, clips, run):
    embedding.compute(encoder, [clips[0], clips[3], clips[1], clips[2]], batch=2)
    assert run.lengths == [[3000, 5000], [7000, 9000]]


def test_equal_content_is_computed_once(encoder, clips, run, tmp_path):
    copy = tmp_path / "copy.wav"
    copy.write_bytes(clips[0].read_bytes())
    rows = embedding.compute(encoder, [clips[0], copy, clips[1], clips[0]], batch=1)
    assert run.lengths == [[7000], [9000]]
    assert np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[3])


def test_a_damaged_file_is_computed_again(encoder, clips, run, kept):
    rows = embedding.compute(encoder, clips[:1])
    (file,) = kept()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.warns(UserWarning, match="damaged"):
        assert np.array_equal(rows, embedding.compute(encoder, clips[:1]))
    assert run.lengths == [[9000]] * 2


def test_encoders_are_kept_apart_by_their_content(encoder, clips, kept, monkeypatch):
    monkeypatch.setattr(encoders, "SEED", 1)
    other = encoders.load("random")
    one, two = (embedding.compute(each, clips[:1]) for each in (encoder, other))
    assert other.content != encoder.content
    assert len(kept()) == 2
    assert np.abs(one - two).max() > 0.01


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            np.zeros(0),
            r"bad\.wav: no sample in 0\.0 s of audio; .* Remove the file or record it again\.",
        ),
        (
            np.zeros(344),
            r"bad\.wav: 344 samples in 0\.02150 s of audio; random needs at least 0\.02156 s\. Remove the file",
        ),
        (b"not audio", r"bad\.wav: not readable as audio .* Convert or remove the file\."),
    ],
)
@pytest.mark.parametrize("batch", [1, 4])
def test_a_bad_clip_is_named_and_the_others_are_kept(
    encoder, clips, kept, tmp_path, content, message, batch
):
    bad = tmp_path / "bad.wav"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    else:
        soundfile.write(bad, content, RATE)
    with pytest.raises(audio.AudioError, match=message) as error:
        embedding.compute(encoder, [clips[0], bad, clips[1]], batch=batch)
    assert str(error.value).startswith(str(bad))
    assert len(kept()) == 2


def test_further_bad_clips_are_counted(encoder, tmp_path, clips, kept):
    bad = [tmp_path / name for name in ("a.wav", "b.wav", "c.wav")]
    for length, path in enumerate(bad, start=1):
        soundfile.write(path, np.zeros(length), RATE)
    with pytest.raises(audio.AudioError, match=r"a\.wav: .* \(2 more clips cannot be used\)$"):
        embedding.compute(encoder, [*bad, clips[0]], batch=2)
    assert len(kept()) == 1


def test_a_missing_clip_is_named(encoder, tmp_path):
    with pytest.raises(audio.AudioError, match=r"none\.wav: no such file; expected"):
        embedding.compute(encoder, [tmp_path / "none.wav"])


def test_a_key_follows_the_encoder_and_its_libraries_and_no_other_feature(encoder):
    modules, versions = store.closure(
        ["sercore.features.embedding", "sercore.encoders", "sercore.audio"]
    )
    assert {"sercore.encoders", "sercore.features.keeping"} <= set(modules)
    assert not {
        "sercore.features.sets",
        "sercore.features.prosodic",
        "sercore.features.gender",
    } & set(modules)
    assert {"torch", "transformers"} <= set(versions)
    assert "parselmouth" not in versions
    key = embedding._key(encoder, "content")
    assert key.hex != embedding._key(encoder, "other").hex
