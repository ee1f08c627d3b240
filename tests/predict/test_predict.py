"""A saved model on audio files: its input is training's, its windows are where they should be, and nothing that fails is hidden."""

import copy
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore import audio, predict
from sercore.audio import RATE
from sercore.papers.biagini2022 import card as loopq_card
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.trial import tensors
from tests.faults.test_damaged_audio import STATUS
from tests.papers.biagini2022.loopq_clips import voice
from tests.predict.conftest import EPOCHS

NAMES = (
    "FCMFCC",
    "CNNLSTM",
    "CNNLSTM per-clip",
    "CNNATT",
    "HUBERTFT",
    "MMFUSION as-run",
    "MMFUSION",
)

# Answers a short clip, then a long one: its windows, and the memory that was taken before and after.
HOUR = """
from sercore import predict
def peak():
    status = dict(line.split(":") for line in open("/proc/self/status"))
    return status["VmHWM"].split()[0]
model = predict.load({folder!r})
short, long = {clips!r}
predict.predicted(model, [short])
before = peak()
[answer] = predict.predicted(model, [long], window=2, hop=2)
print(len(answer["windows"]), before, peak())
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_clip_is_read_as_training_read_it(trained, name):
    """Bit for bit the study's input; the study's own probability within 1e-6."""
    model, row = predict.load(trained(name)), loopq_card.chosen(name).name
    parameters = loopq.Parameters(epochs=EPOCHS, only=row, protocol="speaker-independent")
    data = loopq.load(parameters)
    (trial,) = loopq.grid(parameters, encoder=data.encoder)
    test = loopq_trial.split(trial, data)[2]
    scored = loopq_trial.scored(trial, data, loopq_trial.trained(trial, data).network, test)
    found = predict.predicted(model, list(trained.table["path"][scored.rows]))
    for place, (at, each) in enumerate(zip(scored.rows, found, strict=True)):
        own = predict.inputs(model, audio.read(trained.table["path"][at]))
        theirs = tensors(data, trial.kinds, np.array([at]))
        assert len(own) == len(theirs)
        assert all(
            mine.dtype == his.dtype and torch.equal(mine, his)
            for mine, his in zip(own, theirs, strict=True)
        )
        assert [(part["start"], part["end"]) for part in each["windows"]] == [
            (0, trained.table["seconds"][at])
        ]
        assert list(each["probabilities"].values()) == pytest.approx(
            scored.probabilities[place].tolist(), abs=1e-6
        )
    assert scored.probabilities.std(0).max() > 0.01, (
        "a model that answers every clip alike proves nothing"
    )


def test_a_model_of_published_size_answers_in_the_precision_of_its_training(trained):
    """bf16 rounds to three digits: a clip alone and in a batch agree within 0.01."""
    model = predict.load(trained("FCMFCC", edition="open", epochs=2))
    assert (model.about["recipe"]["precision"], model.about["recipe"]["size"], model.longest) == (
        "bf16",
        "published",
        80_000,
    )
    assert model.about["limits"][0].startswith(
        "Trained on acted speech, 14 clips by 2 speakers, in en-GB."
    )
    assert "synthetic" not in " ".join(model.about["limits"])
    parameters = loopq.Parameters(
        edition="open", epochs=2, only="FCMFCC as-run", protocol="speaker-independent"
    )
    data = loopq.load(parameters)
    (trial,) = loopq.grid(parameters)
    test = loopq_trial.split(trial, data)[2]
    scored = loopq_trial.scored(trial, data, loopq_trial.trained(trial, data).network, test)
    for place, each in enumerate(
        predict.predicted(model, list(trained.table["path"][scored.rows]))
    ):
        assert list(each["probabilities"].values()) == pytest.approx(
            scored.probabilities[place].tolist(), abs=0.01
        )


@pytest.mark.parametrize(
    ("samples", "window", "hop", "expected"),
    [
        (80_000, 80_000, 40_000, [(0, 80_000)]),
        (79_999, 80_000, 40_000, [(0, 79_999)]),
        (80_001, 80_000, 40_000, [(0, 80_000), (1, 80_001)]),
        (160_000, 80_000, 40_000, [(0, 80_000), (40_000, 120_000), (80_000, 160_000)]),
        (
            170_000,
            80_000,
            40_000,
            [(0, 80_000), (40_000, 120_000), (80_000, 160_000), (90_000, 170_000)],
        ),
        (160_000, 80_000, 80_000, [(0, 80_000), (80_000, 160_000)]),
    ],
)
def test_windows(samples, window, hop, expected):
    assert predict.windows(samples, window=window, hop=hop) == expected


@settings(max_examples=200)
@given(st.integers(1, 5000), st.integers(1, 900), st.data())
def test_windows_leave_no_sample_out(samples, window, data):
    hop = data.draw(st.integers(1, window))
    found = predict.windows(samples, window=window, hop=hop)
    assert {end - start for start, end in found} == {min(window, samples)}
    assert (found[0][0], found[-1][1]) == (0, samples)
    steps = np.diff([start for start, _ in found])
    assert (steps[:-1] == hop).all()
    assert (steps[-1:] >= 1).all()
    assert (steps[-1:] <= hop).all()


def test_times_are_seconds_and_a_clip_is_the_mean_of_its_windows(model, clip):
    path = clip(np.concatenate([voice(2.5, pitch=120, bend=10), voice(2.25, pitch=240, bend=-20)]))
    (found,) = predict.predicted(model, [path], window=1.5, hop=1.0)
    assert found["seconds"] == 4.75
    assert [(part["start"], part["end"]) for part in found["windows"]] == [
        (0, 1.5),
        (1, 2.5),
        (2, 3.5),
        (3, 4.5),
        (3.25, 4.75),
    ]
    parts = np.array([list(part["probabilities"].values()) for part in found["windows"]])
    assert parts.std(0).max() > 0.01, "windows differ"
    assert parts.sum(1) == pytest.approx(1)
    assert list(found["probabilities"].values()) == pytest.approx(parts.mean(0))
    assert found["label"] == model.classes[parts.mean(0).argmax()]
    (default,) = predict.predicted(model, [path])
    assert [(part["start"], part["end"]) for part in default["windows"]] == [
        (0, 2.048),
        (1.024, 3.072),
        (2.048, 4.096),
        (2.702, 4.75),
    ]
    samples = audio.read(path)
    alone = predict.probabilities(model, samples[16_000:40_000])
    assert found["windows"][1]["probabilities"] == dict(
        zip(model.classes, alone.tolist(), strict=True)
    )


def test_silence_and_what_else_cannot_be_used_leaves_the_others(model, clip, tmp_path):
    speech = voice(2.0, pitch=150, bend=5)
    good = clip(speech, "good.wav")
    half = clip(np.concatenate([speech, np.zeros(4 * RATE)]), "half.wav")
    silent = [
        clip(np.zeros(RATE), "zeros.wav"),
        clip(np.full(3 * RATE, 0.2), "level.wav"),
        clip(9e-5 * speech, "faint.wav"),
    ]
    short = clip(speech[: RATE // 2 - 1], "short.wav")
    least = clip(speech[: RATE // 2], "least.wav")
    (tmp_path / "words.wav").write_text("words")
    words, nowhere = tmp_path / "words.wav", tmp_path / "nowhere.wav"
    found = {
        each["clip"]: each
        for each in predict.predicted(model, [*silent, half, short, least, words, nowhere, good])
    }
    (alone,) = predict.predicted(model, [good])
    assert found[str(good)] == alone
    states = [part["state"] for part in found[str(half)]["windows"]]
    assert (states[0], states[-1]) == ("predicted", "silent")
    heard = [
        part["probabilities"]
        for part in found[str(half)]["windows"]
        if part["state"] == "predicted"
    ]
    assert found[str(half)]["probabilities"]["angry"] == pytest.approx(
        np.mean([each["angry"] for each in heard])
    )
    assert all(
        part["probabilities"] is None
        for part in found[str(half)]["windows"]
        if part["state"] == "silent"
    )
    for path in silent:
        assert found[str(path)]["error"].startswith(
            f"{path}: silent, all samples lie within 0.0002 of full scale"
        )
        assert (found[str(path)]["label"], found[str(path)]["probabilities"]) == (None, None)
        assert {part["state"] for part in found[str(path)]["windows"]} == {"silent"}
    assert found[str(short)]["error"].startswith(
        f"{short}: 0.499937 s of audio; expected 0.5 s or more"
    )
    assert found[str(least)]["error"] is None
    assert found[str(words)]["error"].startswith(f"{words}: not readable as audio")
    assert found[str(nowhere)]["error"].startswith(f"{nowhere}: no such file")


def test_a_model_that_answers_with_nan_names_no_class(model, clip):
    network = copy.deepcopy(model.network)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    broken = dataclasses.replace(model, network=network)
    (answer,) = predict.predicted(broken, [clip(voice(2.0, pitch=150, bend=5), "good.wav")])
    assert "answers with NaN; expected probabilities" in answer["error"]
    assert answer["label"] is answer["probabilities"] is None


@pytest.mark.long
@pytest.mark.skipif(not STATUS.exists(), reason="reads the memory of a process as Linux tells it")
def test_an_hour_is_answered_in_little_more_memory_than_its_samples(trained, clip, tmp_path):
    short = clip(np.random.default_rng(0).normal(0, 0.1, 4 * RATE))
    hour = tmp_path / "hour.wav"
    with soundfile.SoundFile(hour, "w", RATE, 1) as file:
        for _ in range(3600 // 4):
            file.write(soundfile.read(short)[0])
    script = HOUR.format(folder=str(trained("FCMFCC")), clips=[str(short), str(hour)])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    windows, before, peak = map(int, done.stdout.split())
    assert windows == 1800
    assert peak - before < 300 * 1024  # KiB, of which the samples take 225 * 1024


def test_stereo_is_the_mean_of_its_channels(model, clip):
    one, other = voice(1.5, pitch=130, bend=8), voice(1.5, pitch=200, bend=-8)
    mono, stereo, alike = predict.predicted(
        model,
        [
            clip((one + other) / 2, "mono.wav"),
            clip(np.stack([one, other], 1), "stereo.wav"),
            clip(np.stack([one, one], 1), "alike.wav"),
        ],
    )
    assert list(stereo["probabilities"].values()) == pytest.approx(
        list(mono["probabilities"].values()), abs=1e-5
    )
    assert alike["probabilities"] == predict.predicted(model, [clip(one)])[0]["probabilities"]


@pytest.mark.parametrize(
    ("rate", "tolerance"), [(8_000, 0.01), (44_100, 0.001), (48_000, 0.001), (96_000, 0.001)]
)
def test_any_rate_gives_nearly_the_same(model, clip, rate, tolerance):
    """Sound under 3.5 kHz, which every rate holds: 8 kHz leaves the upper bands empty, the others differ by the resampler alone."""
    sound = {"pitch": 140, "bend": 6}
    own, other = predict.predicted(
        model, [clip(voice(1.5, **sound)), clip(voice(1.5, rate=rate, **sound), "other.wav", rate)]
    )
    assert other["seconds"] == pytest.approx(1.5, abs=1e-3)
    assert list(other["probabilities"].values()) == pytest.approx(
        list(own["probabilities"].values()), abs=tolerance
    )


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (
            {"window": 0.49},
            r"--window 0.49: expected 0.5 to 2.048 s, the most that FCMFCC as-run reads at a time",
        ),
        ({"window": 2.05}, "--window 2.05: expected 0.5 to 2.048 s"),
        ({"window": float("nan")}, "--window nan: expected"),
        ({"hop": 0}, "--hop 0: expected 0.01 to 2.048 s, the window"),
        ({"window": 1, "hop": 1.1}, "--hop 1.1: expected 0.01 to 1 s, the window"),
    ],
)
def test_lengths_out_of_range(model, lengths, message):
    with pytest.raises(predict.PredictError, match=message):
        predict.predicted(model, [], **lengths)


def test_a_model_that_reads_any_length_takes_what_it_heard(trained, clip):
    model = predict.load(trained("CNNATT"))
    heard = trained.table["seconds"][
        trained.table["speaker"].isin(loopq_speakers(trained, "CNNATT"))
    ].max()
    assert model.longest == round(heard * RATE)
    assert len(predict.predicted(model, [clip(voice(heard, pitch=100, bend=4))])[0]["windows"]) == 1


def loopq_speakers(trained, name):
    """Speakers on the training side of fold 0."""
    parameters = loopq.Parameters(
        epochs=EPOCHS, only=loopq_card.chosen(name).name, protocol="speaker-independent"
    )
    data = loopq.load(parameters)
    (trial,) = loopq.grid(parameters)
    return set(data.table["speaker"].to_numpy()[loopq_trial.split(trial, data)[0]])


def test_what_is_told_is_plain(trained, model):
    found = predict.predicted(model, [trained.table["path"][0], "nowhere.wav"])
    whole = {"model": model.about, "clips": found}
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    assert str(trained.table["path"][0].parent) not in json.dumps(model.about)


def test_rows_name_the_likeliest(model, trained):
    found = predict.predicted(
        model, [trained.table["path"][0], "nowhere.wav"], window=0.5, hop=0.25
    )
    table = predict.rows(found, top_k=2)
    assert [list(row) for row in table] == [["clip", "start", "end", "of", "1", "2"]] * 4
    assert [(row["start"], row["end"], row["of"]) for row in table] == [
        ("0.000", "0.500", "predicted"),
        ("0.250", "0.750", "predicted"),
        ("0.400", "0.900", "predicted"),
        ("0.000", "0.900", "mean"),
    ]
    first, second = sorted(found[0]["probabilities"].items(), key=lambda pair: -pair[1])[:2]
    assert (table[-1]["1"], table[-1]["2"]) == (
        f"{first[0]} {first[1]:.3f}",
        f"{second[0]} {second[1]:.3f}",
    )
    assert list(predict.rows(found, top_k=99)[0]) == [
        "clip",
        "start",
        "end",
        "of",
        *map(str, range(1, 8)),
    ]
