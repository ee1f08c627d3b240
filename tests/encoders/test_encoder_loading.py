"""Loading tiny random checkpoints: precision, shards, one content for folder and hub id, no network; and what is refused."""

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

from sercore import encoders, store
from tests.encoders.tiny_checkpoints import noise, save


@pytest.fixture
def no_network(monkeypatch):
    def refused(*arguments):
        raise AssertionError(f"a connection to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


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
    assert np.array_equal(
        frames, encoders.load(checkpoint("wav2vec2-base")).frames([noise(4000)])[0]
    )
    next(tmp_path.glob("*-00002-*.safetensors")).unlink()
    with pytest.raises(encoders.EncoderError, match=r"no model-00002-of-\d+\.safetensors among"):
        encoders.load(tmp_path)


def test_a_hub_id_is_its_folder(hub, checkpoint, no_network):
    cached, folder = (
        encoders.load("someone/wav2vec2-base"),
        encoders.load(checkpoint("wav2vec2-base")),
    )
    assert (
        (cached.name, cached.content)
        == (folder.name, folder.content)
        == ("wav2vec2-base", cached.content)
    )
    assert np.array_equal(cached.frames([noise(4000)])[0], folder.frames([noise(4000)])[0])


@pytest.mark.parametrize(
    ("value", "local"), [(None, True), ("1", True), ("yes", True), ("0", False), ("false", False)]
)
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
    done = subprocess.run(
        [sys.executable, "-c", program, *folders],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.split() == [encoders.load(folder).content for folder in folders]


def test_the_librarys_own_bars_and_words_come_back(checkpoint):
    before = (transformers.logging.is_progress_bar_enabled(), transformers.logging.get_verbosity())
    encoders.load(checkpoint("wav2vec2-base"))
    assert (
        transformers.logging.is_progress_bar_enabled(),
        transformers.logging.get_verbosity(),
    ) == before


@pytest.mark.parametrize(
    "changed", ["config.json", "preprocessor_config.json", "model.safetensors"]
)
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
    save_file(
        {name: value for name, value in weights.items() if "layers.1" not in name},
        folder / "model.safetensors",
    )


def set_in(folder, file, **values):
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | values))


def with_code(folder):
    (folder / "own.py").write_text(
        "import pathlib; pathlib.Path(__file__).with_name('ran').touch()\nclass Own: pass\n"
    )
    set_in(
        folder,
        "config.json",
        model_type="own",
        auto_map={"AutoConfig": "own.Own", "AutoModel": "own.Own"},
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            pickled,
            r"no model\.safetensors among .*pytorch_model\.bin; expected .* converts .* once: .*save_pretrained",
        ),
        (
            lambda folder: (folder / "config.json").unlink(),
            r"no config\.json among model\.safetensors, preproc.*; expected config",
        ),
        (
            lambda folder: (folder / "preprocessor_config.json").unlink(),
            r"no preprocessor_config\.json among",
        ),
        (cut, r"not loadable \(.*\); expected a whole checkpoint .* Download or save it again\."),
        (
            thinned,
            r"\d+ weights are not there \(encoder\.layers\.1.*\); expected all of a wav2vec2 encoder\. Download",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), r"not loadable \(.*\); expected"),
        (
            lambda folder: set_in(folder, "config.json", hidden_size=64),
            r"not loadable \(.*\); expected",
        ),
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


@pytest.mark.parametrize(
    "name", ["someone/absent", "absent", "nowhere/at/all", "/nowhere", "../no where"]
)
def test_a_name_that_is_neither_folder_nor_cached_is_refused(hub, no_network, name):
    with pytest.raises(
        encoders.EncoderError,
        match=r"no such folder, and no such model in the hub's cache; expected .* Check",
    ) as refusal:
        encoders.load(name)
    assert str(refusal.value).startswith(f"{name}: ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(
        encoders.EncoderError, match=r"no CUDA device was found; expected .* Use auto or cpu"
    ):
        encoders.load("random", device="cuda")
    assert encoders.load("random", device="auto").model.device.type == "cpu"
