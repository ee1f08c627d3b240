"""Pretrained encoders on tiny random checkpoints: own frames only, batch like single, one content for folder and hub id; what
is refused; and real weights, where they are.
"""

import json
import os
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from sercore import audio, encoders, store

TINY = {**encoders.RANDOM, "vocab_size": 12}
STABLE = {**TINY, "feat_extract_norm": "layer", "do_stable_layer_norm": True}
WHISPER = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "num_mel_bins": 20,
    "max_source_positions": 50,  # 1 s
    "max_target_positions": 20,
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
WAVEFORM = {
    "wav2vec2-base": ("Wav2Vec2", TINY, False),
    "wav2vec2-large": ("Wav2Vec2", STABLE, True),
    "hubert-large": ("Hubert", STABLE, True),
    "wavlm-base": ("WavLM", TINY, True),
    "wavlm-large": ("WavLM", STABLE, True),
    "unispeech-large": ("UniSpeech", STABLE, True),
    "unispeech-sat-large": ("UniSpeechSat", STABLE, True),
    "data2vec-base": ("Data2VecAudio", TINY, True),
    "conformer": ("Wav2Vec2Conformer", STABLE, True),
}
TOGETHER = {"wav2vec2-large", "hubert-large", "wavlm-large", "unispeech-large", "unispeech-sat-large"}
KINDS = [*WAVEFORM, "whisper"]


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng([samples, seed]).standard_normal(samples)).astype(np.float32)


def save(folder, kind):
    """A tiny checkpoint, its weights drawn from one seed."""
    torch.manual_seed(1)
    if kind.startswith("whisper"):
        config = transformers.WhisperConfig(**WHISPER)
        whole = {"whisper-full": transformers.WhisperForConditionalGeneration, "whisper-model": transformers.WhisperModel}
        model = whole.get(kind, WhisperEncoder)(config)
        extractor = transformers.WhisperFeatureExtractor(feature_size=20, chunk_length=1)
    else:
        family, values, mask = WAVEFORM[kind]
        model = getattr(transformers, f"{family}Model")(getattr(transformers, f"{family}Config")(**values))
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=mask)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return model.eval()


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several threads on a busy machine wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Folder of a tiny checkpoint, by kind; made once."""
    made = {}

    def folder(kind):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("checkpoints") / kind
            save(made[kind], kind)
        return made[kind]

    return folder


@pytest.fixture
def copied(checkpoint, tmp_path):
    """A copy of a checkpoint that a test may spoil."""
    return lambda kind="wav2vec2-base": shutil.copytree(checkpoint(kind), tmp_path / kind)


@pytest.fixture
def no_network(monkeypatch):
    def refused(*arguments):
        raise AssertionError(f"a connection to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.mark.parametrize("kind", WAVEFORM)
def test_frames_are_the_models_on_the_clip_alone(checkpoint, kind):
    encoder, clip = encoders.load(checkpoint(kind)), noise(5003)
    model = transformers.AutoModel.from_pretrained(checkpoint(kind)).eval()
    level = (clip - clip.mean()) / np.sqrt(clip.var() + 1e-7)  # zero mean, unit variance: no pad is in it
    with torch.no_grad():
        expected = model(torch.from_numpy(level)[None]).last_hidden_state[0].numpy()
    (frames,) = encoder.frames([clip])
    assert frames.shape == expected.shape
    assert frames.shape[1] == encoder.width == 32
    np.testing.assert_allclose(frames, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["whisper", "whisper-full", "whisper-model"])
def test_whispers_frames_are_those_before_the_pad(checkpoint, kind):
    encoder, clip = encoders.load(checkpoint(kind)), noise(5003)
    model, extractor = WhisperEncoder.from_pretrained(checkpoint("whisper")).eval(), encoder.extractor
    with torch.no_grad():
        padded = model(extractor(clip, sampling_rate=16_000, return_tensors="pt").input_features).last_hidden_state[0].numpy()
    (frames,) = encoder.frames([clip])
    assert padded.shape == (50, 32)
    assert frames.shape == (16, 32)  # 5003 samples of 320 a frame, the last one begun
    np.testing.assert_allclose(frames, padded[:16], atol=1e-5)
    assert np.abs(frames.mean(0) - padded.mean(0)).max() > 0.01, "the pad's frames would be seen in the mean"


@pytest.mark.parametrize(("samples", "counts"), [(16_000, [50]), (16_001, [50, 1]), (37_000, [50, 50, 16]), (1, [1])])
def test_whisper_takes_a_long_clip_in_windows(checkpoint, samples, counts):
    encoder, clip = encoders.load(checkpoint("whisper")), noise(samples)
    (frames,) = encoder.frames([clip], batch=2)
    windows = [encoder.frames([clip[start : start + 16_000]])[0] for start in range(0, samples, 16_000)]
    assert [len(window) for window in windows] == counts
    np.testing.assert_allclose(frames, np.concatenate(windows), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(lengths=st.lists(st.integers(400, 18_000), min_size=2, max_size=4), batch=st.integers(2, 5))
def test_a_batch_is_its_clips_alone(checkpoint, kind, lengths, batch):
    encoder = encoders.load(checkpoint(kind))
    clips = [noise(length, seed) for seed, length in enumerate([*lengths, lengths[0]])]
    for clip, frames in zip(clips, encoder.frames(clips, batch=batch), strict=True):
        (alone,) = encoder.frames([clip])
        rounding = 1e-4 if kind == "data2vec-base" else 1e-5  # its layers raise small values to unit variance five times
        np.testing.assert_allclose(frames, alone, atol=rounding)


@pytest.mark.parametrize("kind", KINDS)
def test_clips_of_any_length_share_a_batch_only_where_a_mask_keeps_the_pad_out(checkpoint, kind, monkeypatch):
    encoder, sizes, run = encoders.load(checkpoint(kind)), [], encoders.Encoder._run
    monkeypatch.setattr(encoders.Encoder, "_run", lambda self, pieces: sizes.append(len(pieces)) or run(self, pieces))
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
        encoders.EncoderError, match=rf"^{encoder.shortest - 1} samples in .*; {encoder.name} needs at least .*\. Remove"
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


def test_half_precision_weights_compute_in_full(tmp_path):
    save(tmp_path, "wav2vec2-base").half().save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "float16"
    assert {each.dtype for each in encoders.load(tmp_path).model.parameters()} == {torch.float32}


def test_weights_in_shards_are_the_same_weights(checkpoint, tmp_path):
    model = transformers.AutoModel.from_pretrained(checkpoint("wav2vec2-base"))
    model.save_pretrained(tmp_path, max_shard_size="30KB")
    shutil.copy(checkpoint("wav2vec2-base") / "preprocessor_config.json", tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    (frames,) = encoders.load(tmp_path).frames([noise(4000)])
    assert np.array_equal(frames, encoders.load(checkpoint("wav2vec2-base")).frames([noise(4000)])[0])
    next(tmp_path.glob("*-00002-*.safetensors")).unlink()
    with pytest.raises(encoders.EncoderError, match=r"no model-00002-of-\d+\.safetensors among"):
        encoders.load(tmp_path)


# Folder, hub, network.


@pytest.fixture
def hub(copied, tmp_path, monkeypatch):
    """A hub's cache with one checkpoint, as a download leaves it."""
    import huggingface_hub

    cache, commit = tmp_path / "hub", "0" * 40
    home = cache / "models--someone--wav2vec2-base"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    shutil.copytree(copied(), home / "snapshots" / commit)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    return cache


def test_a_hub_id_is_its_folder(hub, checkpoint, no_network):
    cached, folder = encoders.load("someone/wav2vec2-base"), encoders.load(checkpoint("wav2vec2-base"))
    assert (cached.name, cached.content) == (folder.name, folder.content) == ("wav2vec2-base", cached.content)
    assert np.array_equal(cached.frames([noise(4000)])[0], folder.frames([noise(4000)])[0])


@pytest.mark.parametrize(("value", "local"), [(None, True), ("1", True), ("yes", True), ("0", False), ("false", False)])
def test_the_network_is_used_only_where_the_environment_says_so(hub, monkeypatch, value, local):
    import huggingface_hub

    asked = {}

    def snapshot(name, **options):
        asked.update(options)
        return hub / "models--someone--wav2vec2-base" / "snapshots" / ("0" * 40)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    if value is not None:
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
    encoders.load("someone/wav2vec2-base")
    assert asked["local_files_only"] is local
    assert not [each for each in asked["allow_patterns"] if each.endswith((".bin", ".py", "*"))]


def test_loading_a_folder_is_silent_and_touches_no_network(checkpoint):
    """In a process of its own: from the environment to what reaches the screen, a whole Whisper with its decoder left aside."""
    program = (
        "import socket, sys\n"
        "def refused(*arguments): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refused\n"
        "from sercore import encoders\n"
        "print(*[encoders.load(name).content for name in sys.argv[1:]])\n"
    )
    folders = [checkpoint("whisper-full"), checkpoint("wav2vec2-base")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment["PYTHONPATH"] = str(store.PROJECT)
    done = subprocess.run([sys.executable, "-c", program, *folders], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split() == [encoders.load(folder).content for folder in folders]


def test_the_librarys_own_bars_and_words_come_back(checkpoint):
    before = (transformers.logging.is_progress_bar_enabled(), transformers.logging.get_verbosity())
    encoders.load(checkpoint("wav2vec2-base"))
    assert (transformers.logging.is_progress_bar_enabled(), transformers.logging.get_verbosity()) == before


@pytest.mark.parametrize("changed", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_content_follows_every_file(copied, checkpoint, changed):
    folder = copied()
    if changed == "model.safetensors":
        model = transformers.AutoModel.from_pretrained(folder)
        torch.nn.init.zeros_(model.feature_projection.projection.bias)
        model.feature_projection.projection.bias.data[0] = 1
        model.save_pretrained(folder)
        shutil.copy(checkpoint("wav2vec2-base") / "config.json", folder)
    else:
        (folder / changed).write_text((folder / changed).read_text() + "\n")
    (folder / "README.md").write_text("words")
    assert encoders.load(folder).content != encoders.load(checkpoint("wav2vec2-base")).content


def test_a_readme_and_a_place_are_no_content(copied, checkpoint):
    folder = copied()
    (folder / "README.md").write_text("words")
    assert encoders.load(folder).content == encoders.load(checkpoint("wav2vec2-base")).content


# What is refused.


def pickled(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def cut(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def thinned(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file({name: value for name, value in weights.items() if "layers.1" not in name}, folder / "model.safetensors")


def set_in(folder, file, **values):
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | values))


def with_code(folder):
    (folder / "own.py").write_text("import pathlib; pathlib.Path(__file__).with_name('ran').touch()\nclass Own: pass\n")
    set_in(folder, "config.json", model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModel": "own.Own"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (pickled, r"no model\.safetensors among .*pytorch_model\.bin; expected .* save the model with .*save_pretrained"),
        (lambda folder: (folder / "config.json").unlink(), r"no config\.json among model\.safetensors, preproc.*; expected config"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), r"no preprocessor_config\.json among"),
        (cut, r"not loadable \(.*\); expected a whole checkpoint .* Download or save it again\."),
        (thinned, r"\d+ weights are not there \(encoder\.layers\.1.*\); expected all of a wav2vec2 encoder\. Download"),
        (lambda folder: (folder / "config.json").write_text("{"), r"not loadable \(.*\); expected"),
        (lambda folder: set_in(folder, "config.json", hidden_size=64), r"not loadable \(.*\); expected"),
        (
            lambda folder: set_in(folder, "config.json", model_type="bert"),
            r"a bert model, no speech encoder known here; expected wav2vec2, .* Choose",
        ),
        (
            lambda folder: set_in(folder, "config.json", model_type="speecht5"),
            r"a speecht5 model, no speech encoder known here; expected",
        ),
        (
            lambda folder: set_in(folder, "config.json", model_type="moonshine"),
            r"a moonshine model, no speech encoder known here; expected",
        ),
        (
            lambda folder: set_in(folder, "preprocessor_config.json", sampling_rate=8000),
            r"takes 8000 Hz; expected 16000 Hz\. Choose",
        ),
        (with_code, r"not loadable \(.*\); expected"),
    ],
)
def test_a_folder_that_is_no_encoder_is_refused(copied, spoil, message):
    folder = copied()
    spoil(folder)
    with pytest.raises(encoders.EncoderError, match=message) as refusal:
        encoders.load(folder)
    assert str(refusal.value).startswith(f"{folder}: ")
    assert "\n" not in str(refusal.value)
    assert not (folder / "ran").exists(), "code of the checkpoint's own was run"


@pytest.mark.parametrize("name", ["someone/absent", "absent", "nowhere/at/all", "/nowhere", "../no where"])
def test_a_name_that_is_neither_folder_nor_cached_is_refused(hub, no_network, name):
    with pytest.raises(
        encoders.EncoderError, match=r"no such folder, and no such model in the hub's cache; expected .* Check"
    ) as refusal:
        encoders.load(name)
    assert str(refusal.value).startswith(f"{name}: ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(encoders.EncoderError, match=r"no CUDA device was found; expected .* Use auto or cpu"):
        encoders.load("random", device="cuda")
    assert encoders.load("random", device="auto").model.device.type == "cpu"


def test_real_whisper_weights(speech):
    folder = speech.parent / "models" / "whisper-tiny.en-encoder"
    clips = sorted((speech / "ravdess" / "Actor_01").glob("*"))[:2]
    if not folder.is_dir() or len(clips) < 2:
        pytest.skip(f"needs the encoder of Whisper tiny.en and RAVDESS: no {folder}, or no clip in {speech / 'ravdess'}")
    encoder = encoders.load(folder)
    assert (encoder.name, encoder.width, encoder.window, encoder.shortest) == ("whisper-tiny.en-encoder", 384, 480_000, 1)
    samples = [audio.read(clip) for clip in clips]
    one, two = encoder.frames(samples)
    assert [len(one), len(two)] == [-(-len(each) // 320) for each in samples]
    assert np.isfinite(one).all()
    assert np.isfinite(two).all()
    assert np.abs(one.mean(0) - two.mean(0)).max() > 0.1
