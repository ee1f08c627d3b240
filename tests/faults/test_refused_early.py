"""What cannot work is refused in a sentence, before anything runs: devices, schedulers, places, weights, the demo's numbers."""

import errno
import json
import os

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from sercore import encoders, press
from sercore.cli import app
from sercore.encoders import EncoderError
from sercore.papers.biagini2022 import card as loopq_card
from sercore.report import predictions


def told(*arguments: object) -> str:
    """The one line that a refused command writes."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 2, done.exception
    (line,) = done.stderr.strip().splitlines()
    return line


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
@pytest.mark.parametrize("chapter", ["01", "02", "03", "04"])
def test_a_gpu_that_is_not_there(chapter):
    line = told("chapter", chapter, "-p", "device=cuda")
    assert line.startswith("-p device=cuda: no GPU was found by this build of torch; `device` is")


def test_chapter_5_takes_no_device_that_it_does_not_use():
    line = told("chapter", "05", "-p", "device=cuda")
    assert line.startswith("-p device=cuda: ")
    assert "cpu" in line


@pytest.mark.parametrize("address", ["", "nonsense", "tcp://host", "host:8786", "tcp://a b:1"])
def test_an_address_that_is_none(address):
    line = told("chapter", "01", "-p", f"scheduler={address}")
    assert line.startswith(f'-p scheduler={address}: "{address}" has another form; `scheduler` is')
    assert "tcp://127.0.0.1:8786" in line


@pytest.mark.parametrize(("name", "given"), [("taught", "tess,,nope"), ("scored", "nope")])
def test_a_corpus_that_is_none(name, given):
    line = told("chapter", "04", "-p", "edition=open", "-p", f"{name}={given}")
    assert line.startswith(f"-p {name}={given}: no corpus nope; expected some of coraa-ser, ")


def test_a_book_in_the_place_of_a_file(tmp_path):
    place = tmp_path / "book"
    place.write_text("no folder")
    line = told("book", "--out", place)
    assert str(place) in line
    assert "expected a place" in line


def test_numbers_of_the_demo_are_not_recorded():
    assert told("record", "01", "--edition", "demo").startswith("edition=demo: synthetic speech is")


def test_a_store_that_is_a_file(tmp_path, monkeypatch):
    place = tmp_path / "store"
    place.write_text("no folder")
    monkeypatch.setenv("SER_STORE", str(place))
    line = told("chapter", "02", "-p", "only=baseline")
    assert str(place) in line
    assert "expected a place with room that this user can write" in line


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_is_full_or_read_only(tmp_path, monkeypatch, number):
    def write(target, payload):
        raise OSError(number, os.strerror(number))

    monkeypatch.setenv("SER_STORE", str(tmp_path))
    monkeypatch.setattr("sercore.store.write", write)
    monkeypatch.setattr(press, "demo_corpora", dict)
    line = told("book", "--out", tmp_path)
    assert line.startswith(f"disk: {os.strerror(number)}; expected a place with room")


def test_times_that_were_cut_short_are_measured_again(tmp_path, monkeypatch):
    place = tmp_path / "_build" / press.TIMES
    place.parent.mkdir()
    place.write_text('{"demo corpora": 1')
    monkeypatch.setattr(press, "demo_corpora", dict)
    monkeypatch.setattr(press, "execute", lambda **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        press.book(out=tmp_path)
    assert isinstance(json.loads(place.read_text()), dict)


@pytest.mark.parametrize(
    ("index", "found"),
    [
        ("{", "is no list of weights"),
        ("[]", "is no list of weights"),
        ('{"weight_map": {"a": 1}}', "names 1"),
        ('{"weight_map": {"a": "pytorch_model.bin"}}', "names 'pytorch_model.bin'"),
        ('{"weight_map": {"a": "../x.safetensors"}}', "names '../x.safetensors'"),
        ('{"weight_map": {"a": "/x.safetensors"}}', "names '/x.safetensors'"),
    ],
)
def test_weights_outside_their_folder_or_of_another_kind(tmp_path, index, found):
    folder = tmp_path / "encoder"
    folder.mkdir()
    (tmp_path / "x.safetensors").write_bytes(b"weights")
    (folder / "pytorch_model.bin").write_bytes(b"weights")
    for name in ("config.json", "preprocessor_config.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors.index.json").write_text(index)
    for call in (encoders.content, encoders.load):
        with pytest.raises(EncoderError, match=f"model.safetensors.index.json {found}"):
            call(folder)


@pytest.mark.parametrize("classes", [("angry", "sad"), ("a$\\frac{$", "sad"), ("_low", "high")])
def test_a_clip_or_a_class_whose_name_looks_like_mathematics(tmp_path, classes):
    panel = ("a$\\frac{$.wav", np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]]))
    figure = predictions.probabilities([panel], classes)
    figure.savefig(tmp_path / "clip.png")
    (legend,) = figure.legends
    assert tuple(text.get_text() for text in legend.get_texts()) == classes
    plt.close(figure)


def test_a_full_gpu_is_told_in_one_line_with_what_to_do(monkeypatch, tmp_path):
    def fill(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(loopq_card.CARD, "train", fill)
    line = told("train", "FCMFCC", "--out", tmp_path / "model")
    assert line.startswith(
        "CUDA out of memory. Tried to allocate 2 GiB. The GPU's memory was too small."
    )
    assert "CUDA_VISIBLE_DEVICES=" in line
