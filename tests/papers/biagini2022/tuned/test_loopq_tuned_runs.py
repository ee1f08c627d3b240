"""What a run tunes of paper 03: its samples, the rows and weights it asks for, what is refused, its task."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from sercore import audio, corpora, sweep
from sercore.features.length import fit, trim
from sercore.ledger import recorded
from sercore.papers.biagini2022 import card as loopq_card
from sercore.papers.biagini2022 import inputs as loopq_inputs
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.inputs import SHAPES, Waveforms
from sercore.papers.biagini2022.models import TUNED
from sercore.papers.biagini2022.paper import PAPER
from sercore.papers.biagini2022.trial import run, with_weights
from sercore.parameters import ParameterError, checked
from sercore.training import devices
from tests.papers.biagini2022.loopq_tuned_toy import RANDOM


def test_waveforms_are_trimmed_and_cut_or_filled(tmp_path):
    paths = []
    for number, seconds in enumerate((0.9, 6.0)):
        noise = 0.2 * np.random.default_rng(number).standard_normal(int(seconds * audio.RATE))
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(
            paths[-1],
            np.concatenate([np.zeros(8000), noise, np.zeros(8000)]),
            audio.RATE,
            subtype="FLOAT",
        )
    free, filled = (
        loopq_inputs.waveforms(kind, paths, shape=SHAPES["published"], jobs=1)
        for kind in loopq_inputs.WAVEFORMS
    )
    for row, path in enumerate(paths):
        kept, one = trim(audio.read(path)), np.array([row])
        np.testing.assert_array_equal(free.batch(one)[0], kept[:72_000])
        np.testing.assert_array_equal(filled.batch(one)[0], fit(kept, length=80_000))
    assert free.sizes.tolist() == [len(trim(audio.read(paths[0]))), 72_000]
    assert free.batch(np.array([0, 1])).shape == (2, 72_000)
    assert not free.batch(np.array([0, 1]))[0, free.sizes[0] :].any()


def test_a_clip_too_short_for_a_frame_is_named(sounds, hubs):
    short = Waveforms.of(
        [np.zeros((20, 1), np.float32)] + [np.ones((900, 1), np.float32)] * (len(sounds.table) - 1)
    )
    held = replace(
        sounds,
        table=sounds.table.assign(path="clips/a.wav"),
        inputs=sounds.inputs | {"waveform": short},
    )
    with pytest.raises(
        audio.AudioError,
        match=r"^clips/a\.wav: 20 samples .*; tiny-hubert needs at least .* s\. Remove the file",
    ):
        with_weights(held, [TUNED["HUBERTFT fixed, tuned"]], hubs)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"edition": "open"}, []),
        ({"models": "tuned"}, list(TUNED)),
        (
            {"models": "tuned", "only": "MMFUSION"},
            ["MMFUSION as-run, tuned", "MMFUSION fixed, tuned"],
        ),
        ({"only": "HUBERTFT fixed, tuned"}, ["HUBERTFT fixed, tuned"]),
        ({"only": "HUBERTFT"}, []),
        (
            {"models": "tuned", "edition": "open", "encoder": "random"},
            ["HUBERTFT as-run, tuned", "HUBERTFT fixed, tuned"],
        ),
        ({"models": "tuned", "edition": "open", **RANDOM}, list(TUNED)),
        (
            {"models": "tuned", "pictures": "none"},
            ["HUBERTFT as-run, tuned", "HUBERTFT fixed, tuned"],
        ),
        ({"edition": "paper"}, list(TUNED)),
        ({"edition": "paper", "models": "scratch"}, []),
        (
            {"edition": "paper", "only": "HUBERTFT", "encoder": "some/hub-id"},
            ["HUBERTFT as-run, tuned", "HUBERTFT fixed, tuned"],
        ),
    ],
)
def test_rows_that_a_run_tunes(given, names):
    parameters = checked(loopq.Parameters, given)
    assert [row.name for row in loopq.tuned(parameters)] == names
    if given.get("models") == "tuned" or given.get("only") in TUNED:
        assert loopq.rows(parameters, encoder="toy") == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"models": "tuned", "edition": "open"},
            "-p models=tuned: tunes pretrained weights, and not all are here",
        ),
        (
            {"only": "MMFUSION fixed, tuned", "edition": "open", "encoder": "random"},
            "Give -p encoder=… and -p pictures=…",
        ),
        ({"only": "MMFUSION fixed, tuned", "models": "scratch"}, "no row among -p models=scratch"),
        ({"models": "tuned", "only": "CNNLSTM"}, "no row among -p models=tuned"),
        ({"only": "HUBERTFT fixed tuned"}, 'the nearest is "HUBERTFT fixed, tuned"'),
    ],
)
def test_parameters_that_tune_nothing_are_refused(given, told):
    with pytest.raises(ParameterError, match=told):
        checked(loopq.Parameters, given)


def test_the_papers_edition_lists_missing_weights_and_reads_a_folder(tmp_path, monkeypatch, hubs):
    monkeypatch.setattr(loopq.data, "lacking", lambda names: [])
    expected = r"^edition=paper: missing facebook/hubert-large-ll60k \(weights\), facebook/hubert-base-ls960 \(weights\), no/such \("
    with pytest.raises(corpora.CorpusError, match=expected):
        loopq.manifest(loopq.Parameters(edition="paper", pictures="no/such"))
    monkeypatch.setattr(loopq.data, "contents", lambda edition, *, loopq_labels: [])
    found = loopq.manifest(
        loopq.Parameters(
            edition="paper", models="tuned", encoder=hubs["HUBERTFT"], pictures=hubs["pictures"]
        )
    )
    named = [each[0] for each in found if isinstance(each, list)]
    assert named == ["inputs", "HUBERTFT", "MMFUSION", "pictures"]


def test_a_chapters_run_has_a_task_of_its_own_for_them(sounds, hubs, monkeypatch):
    monkeypatch.setattr(loopq, "_loaded", lambda parameters, rows: sounds)
    where = {"encoder": hubs["MMFUSION"], "pictures": hubs["pictures"]}
    (task,) = loopq.tasks(loopq.Parameters(models="tuned", folds=2, seeds=2, **where), sounds)
    assert (task.name, task.run, task.encoders) == ("tuned", run, {"tiny-wav2vec2": 16})
    assert len(set(task.trials)) == len(task.trials) == 2 * 4 * (2 + 2)
    assert {(each.model, each.encoder, each.pictures) for each in task.trials} == {
        ("HUBERTFT", "tiny-wav2vec2", "none"),
        ("MMFUSION", "tiny-wav2vec2", "tiny-convnext"),
    }
    parameters = loopq.Parameters(
        only="HUBERTFT fixed, tuned",
        protocol="by-origin",
        epochs=1,
        device="cpu",
        encoder=where["encoder"],
    )
    tasks, outcomes = PAPER.outcomes(parameters, sounds)
    assert recorded.of_this_run(tasks, outcomes).trials["encoder"].tolist() == ["tiny-wav2vec2"]


def test_on_a_gpu_a_tuned_trial_runs_alone(sounds, monkeypatch):
    monkeypatch.setattr(loopq, "_loaded", lambda parameters, rows: sounds)
    monkeypatch.setattr(devices, "choose", torch.device)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    sizes = []

    def swept(run, trials, data, **options):
        sizes.append(len(trials))
        return [{"seed": trial.seed} for trial in trials]

    monkeypatch.setattr(sweep, "sweep", swept)
    choice = {"models": "tuned", "only": "HUBERTFT", "protocol": "by-origin", "seeds": 3}
    for device, expected in (("cuda", [1] * 6), ("cpu", [6])):
        sizes.clear()
        (task,), (outcomes,) = PAPER.outcomes(loopq.Parameters(device=device, **choice), sounds)
        assert sizes == expected
        assert [outcome["seed"] for outcome in outcomes] == [trial.seed for trial in task.trials]
        assert [outcome["seed"] for outcome in outcomes] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("name", TUNED)
def test_a_tuned_row_is_no_model_to_save(name):
    with pytest.raises(
        ParameterError,
        match=f'^{name}: no such model; expected a row or a model of chapter 3, the nearest is "',
    ):
        loopq_card.chosen(name)
