"""A saved model in other hands: a new process, a folder that was damaged, an encoder that is another."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sercore import encoders, predict, store
from sercore.training import checkpoints


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained("FCMFCC"), tmp_path / "copy")


@pytest.mark.parametrize("name", ["FCMFCC", "MMFUSION"])
def test_a_new_process_answers_with_the_same_bits(trained, name):
    clips = [str(path) for path in trained.table["path"][[0, 9]]]
    command = [sys.executable, "-m", "sercore.cli", "predict", str(trained(name)), *clips, "--json"]
    one = os.environ | {"OMP_NUM_THREADS": "1"}  # sums of two threads end in other bits
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=store.PROJECT, env=one
    )
    model = predict.load(trained(name))
    torch.set_num_threads(1)
    assert json.loads(done.stdout) == {
        "model": model.about,
        "clips": predict.predicted(model, clips),
    }


def foreign(folder):
    """Weights of another program."""
    save_file({"weight": torch.zeros(2)}, folder / checkpoints.WEIGHTS)


def damaged(folder):
    path = folder / checkpoints.WEIGHTS
    path.write_bytes(path.read_bytes()[:-9])


def flipped(folder):
    path = folder / checkpoints.WEIGHTS
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(bytes(content))


def retold(folder):
    path = folder / checkpoints.ABOUT
    path.write_text(path.read_text().replace('"final": false', '"final": true'))


def another(folder):
    """A model of this package that is none of ``sercore train``."""
    checkpoints.save(nn.Linear(2, 2), folder, {"recipe": "another"})


def unknown(folder):
    """A model of a later version, which this one cannot build."""
    tensors, about = checkpoints.read(folder / checkpoints.WEIGHTS)
    checkpoints.save(
        _Holder(tensors), folder, about | {"recipe": about["recipe"] | {"model": "NEWER"}}
    )


def told(**values):
    """A description that was signed again with other values."""

    def change(folder):
        tensors, about = checkpoints.read(folder / checkpoints.WEIGHTS)
        for name, value in values.items():
            is_part = name != "training" and isinstance(value, dict)
            about[name] = about[name] | value if is_part else value
        checkpoints.save(_Holder(tensors), folder, about)

    return change


class _Holder(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        self.tensors = tensors

    def state_dict(self):
        return self.tensors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (foreign, "weights.safetensors: damaged, or of another program"),
        (damaged, "weights.safetensors: damaged, or of another program"),
        (flipped, "weights.safetensors: damaged, or of another program"),
        (
            lambda folder: (folder / checkpoints.WEIGHTS).unlink(),
            "weights.safetensors: no such file",
        ),
        (lambda folder: (folder / checkpoints.ABOUT).unlink(), "model.json: no such file"),
        (retold, "model.json: not what weights.safetensors was saved with"),
        (another, "copy: recipe: .* expected what `sercore train` wrote"),
        (told(recipe={"paper": 3}), r"copy: recipe\.paper: "),
        (told(input={"seconds": "x", "encoder": None}), r"copy: input\.seconds: "),
        (told(input={"seconds": float("nan"), "encoder": None}), r"copy: input\.seconds: "),
        (told(input={"seconds": 1.0, "encoder": "x"}), r"copy: input\.encoder: "),
        (
            told(classes=["a", "a", "b"]),
            "copy: classes: .*two of the classes a, a, b have one name",
        ),
        (told(classes=[{}, {}]), r"copy: classes\.0: "),
        (told(training=None), "copy: training: "),
        (told(limits=[3]), r"copy: limits\.0: "),
        (unknown, "copy: NEWER as-run, small: no such network"),
    ],
)
def test_a_folder_that_holds_no_sound_model(copy, change, message):
    assert predict.load(copy).about["model"] == "FCMFCC as-run"
    change(copy)
    with pytest.raises(predict.PredictError, match=message):
        predict.load(copy)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """Folder of a speech encoder: the random one's weights under a configuration that tells it apart."""
    folder, encoder = tmp_path_factory.mktemp("encoders") / "tiny-speech", encoders.load("random")
    encoder.model.save_pretrained(folder)
    encoder.extractor.save_pretrained(folder)
    return folder


def test_an_encoder_is_named_and_its_content_checked(trained, pretrained):
    folder = trained("HUBERTFT", encoder=str(pretrained))
    text = (folder / checkpoints.ABOUT).read_text()
    assert str(pretrained.parent) not in text
    held = json.loads(text)["input"]["encoder"]
    assert held == {
        "name": "tiny-speech",
        "content": encoders.content(pretrained),
        "frames": held["frames"],
        "width": 32,
    }
    found = predict.predicted(
        predict.load(folder, encoder=str(pretrained)), [trained.table["path"][0]]
    )
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1)
    needs = r"reads the frames of tiny-speech \(content [0-9a-f]{8}\)"
    with pytest.raises(
        predict.PredictError,
        match=needs + ", which was not found. tiny-speech: no such folder.*--encoder",
    ):
        predict.load(folder)
    with pytest.raises(
        predict.PredictError,
        match=needs + "; random is another, content [0-9a-f]{8}. Name the right one",
    ):
        predict.load(folder, encoder="random")
    assert predict.load(trained("HUBERTFT")).encoder.name == "random"


def test_an_encoder_for_a_model_that_reads_none(trained):
    with pytest.raises(
        predict.PredictError, match=r"--encoder random: the model in .* reads none\. Leave it out\."
    ):
        predict.load(trained("FCMFCC"), encoder="random")
