"""The paper's edition on trees of IEMOCAP and VoxCeleb, a narrow network, one epoch: Table 2, folds, no file left out."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from sercore import corpora
from sercore.ledger import recorded
from sercore.models import resnet
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import pretraining
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.paper import PAPER
from sercore.papers.padi2021.study import ROWS
from sercore.papers.padi2021.trial import split
from sercore.parameters import checked
from sercore.protocols import grids, sessions
from tests.corpora import padi_trees, trees

LENGTHS = (0.25, 0.3, 0.35, 0.4)  # s
COMPARED = ("id10001", "id10002")  # speakers of the list of pairs
# Four channels train on a CPU, but not channels-last.
NARROW = replace(resnet.SIZES, channels=(4, 4, 4, 4), blocks=(1, 1, 1, 1), width=8, frames=24)


@pytest.fixture(scope="module")
def run(speech, tmp_path_factory):
    """Parameters and data of one run, its tasks and their outcomes; the store is a new one."""
    if not (speech / "lists").is_dir():
        pytest.skip(f"needs the file lists: no folder {speech / 'lists'}")
    root = tmp_path_factory.mktemp("paper")
    plan = padi_trial.plan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(padi_trees, "LENGTHS", LENGTHS)
        padi_trees.iemocap(root / "corpora" / "iemocap", speech / "lists", whole=True)
        spoken = padi_trees.voxceleb(root / "corpora" / "voxceleb", speakers=8)
        (spoken / "veri_test.txt").write_text("".join(pairs()))
        patch.setenv("SER_CORPORA", str(root / "corpora"))
        patch.setenv("SER_STORE", str(root / "store"))
        # The clips are links to eight files, which the leak hunter would refuse.
        patch.setattr(pretraining, "refuse_same_files", lambda taught, scored: None)
        patch.setattr(grids, "known_copies", lambda clips: (np.arange(len(clips)), []))
        patch.setitem(padi_trial.SIZES, "small", NARROW)
        patch.setitem(padi_trial.CHUNKS, "small", (16, 24))
        patch.setitem(padi_trial.BATCHES, "small", 64)
        patch.setattr(
            padi_trial, "plan", lambda **given: replace(plan(**given), channels_last=False)
        )
        parameters = checked(
            padi.Parameters,
            {
                "edition": "paper",
                "only": "111",
                "experiment": "exp3",
                "folds": 1,
                "epochs": 1,
                "pretraining": 1,
            }
            | {"size": "small", "precision": "fp32", "device": "cpu"},
        )
        data = padi.load(parameters)
        yield parameters, data, *PAPER.outcomes(parameters, data)


def pairs():
    """Lines of VoxCeleb's list: clips of one speaker, clips of two."""
    one, other = (
        [f"{who}/video{video:06d}/{clip:05d}.wav" for video in range(2) for clip in (1, 2)]
        for who in COMPARED
    )
    for place in range(3):
        yield from (f"1 {one[place]} {one[place + 1]}\n", f"1 {other[place]} {other[place + 1]}\n")
        yield from (f"0 {one[place]} {other[place]}\n", f"0 {one[place + 1]} {other[place]}\n")


def test_counts_are_those_of_table_2(run):
    parameters, data, *_ = run
    found = PAPER.measure(parameters, data)
    for experiment in padi_data.EXPERIMENTS:
        expected = padi_trees.table_2(experiment)
        assert {
            name: found[f"{experiment} / {name} / clips"] for name in expected
        } == expected.sum().to_dict()
        assert [
            found[f"{experiment} / session {session} / clips"] for session in range(1, 6)
        ] == expected.sum(axis=1).tolist()
    assert [found[f"{experiment} / total / clips"] for experiment in padi_data.EXPERIMENTS] == [
        4490,
        4936,
        5531,
    ]
    assert found["speakers / all / count"] == 10
    assert found["taught / speakers / count"] == 8 - len(COMPARED)
    assert padi_data.missing(data) == {}


def test_no_file_is_skipped(run):
    """Every file is a clip of the four classes, or one that the annotators made none of; a class is what its file says."""
    _, data, *_ = run
    listed = {str(path) for path in corpora.files(corpora.home() / "iemocap")}
    beside = {name: label for name, (*_, label) in padi_trees.beside().items()}
    beside |= dict.fromkeys(trees.iemocap_others(5531 + len(beside)), "oth")
    read = [str(path) for path in data.table["path"]]
    assert len(read) == len(set(read)) == len(data.raw.sizes) == 5531
    assert sorted(
        path.rsplit("/", 1)[1].removesuffix(".wav") for path in listed - {*read}
    ) == sorted(beside)
    corpus = corpora.load("iemocap")
    assert len(corpus.table) == len(listed)
    assert {*corpus.table["emotion"]} - {*data.table["emotion"]} == {*beside.values()}
    spoken = [str(path) for path in corpora.files(corpora.home() / "voxceleb")]
    taught = [data.source.frames.path(row) for row in range(len(data.source.speakers))]
    assert sorted(taught) == sorted(
        path for path in spoken if not any(f"/{who}/" in path for who in COMPARED)
    )
    heard = {data.source.compared.path(row) for row in range(len(data.source.compared))}
    assert heard == set(spoken) - {*taught}


def test_a_clip_is_where_its_name_says(run):
    table = run[1].table
    told = table["name"].str.extract(
        r"(?P<dialogue>Ses0(?P<session>\d)._(?P<part>[a-z]+).*)_(?P<sex>[FM])\d{3}$"
    )
    assert np.array_equal(told["session"].astype(int), table["session"])
    assert np.array_equal(
        told["part"].map({"impro": "improvised", "script": "scripted"}), table["part"]
    )
    assert np.array_equal("Ses0" + told["session"] + "_" + told["sex"], table["speaker"])
    assert np.array_equal(told["dialogue"], table["conversation"])
    assert table["part"].value_counts().to_dict() == {"improvised": 2943, "scripted": 2588}


@pytest.mark.parametrize("experiment", padi_data.EXPERIMENTS)
def test_five_folds_share_no_speaker_and_test_every_clip_once(run, experiment):
    parameters, data, tasks, _ = run
    (trial,) = tasks[1].trials
    every = parameters.model_copy(update={"folds": 0})
    assert padi.folds(every, data) == sessions.FOLDS == 5
    tested = []
    for fold in range(5):
        training, test = split(replace(trial, experiment=experiment, fold=fold), data)
        assert len(set(data.groups[training])) == 8
        assert len(set(data.groups[test])) == 2
        assert set(data.groups[training]).isdisjoint(data.groups[test])
        assert set(data.table["conversation"].iloc[training]).isdisjoint(
            data.table["conversation"].iloc[test]
        )
        classes = np.bincount(data.targets[experiment][test])
        assert classes.tolist() == padi_trees.table_2(experiment).loc[fold + 1].tolist()
        tested += test.tolist()
    assert sorted(tested) == np.flatnonzero(data.targets[experiment] >= 0).tolist()


def test_the_run_is_the_whole_chapter_s(run):
    """Recogniser, model and views: the test session is counted clip by clip, and the ledger takes it all."""
    *_, tasks, outcomes = run
    assert [each.name for each in tasks] == ["speakers", "models", "views"]
    (taught,), (scored,), (viewed,) = outcomes
    assert taught["taught_speakers"] == 6
    assert taught["pairs"] == 12
    assert 0 <= taught["equal_error_rate"] <= 1
    assert scored["clips"] == viewed["clips"] == 1085
    assert scored["training_clips"] == 5531 - 1085
    assert scored["steps"] == -(-3 * scored["training_clips"] // 64)
    found = recorded.of_this_run(tasks, outcomes)
    counts = found.counts.astype({"count": int}).groupby("true")["count"].sum()
    assert counts.tolist() == padi_trees.table_2("exp3").loc[1].tolist()
    assert set(found.counts["group"]) == {"iemocap/Ses01_F", "iemocap/Ses01_M"}
    assert Counter(found.parts["stages"]["stage"]) == {"before": 1085}


@pytest.mark.parametrize(
    ("name", "where"),
    [
        pytest.param("000", {"experiment": "exp1", "fold": 4}, marks=pytest.mark.long),
        pytest.param("011", {"experiment": "exp2", "fold": 2}, marks=pytest.mark.long),
        ("101, finetune", {"experiment": "exp3", "fold": 0, "protocol": "clips"}),
    ],
)
def test_other_rows_experiments_and_protocols_run(run, name, where):
    _, data, tasks, _ = run
    row = ROWS[name]
    taught = {} if row.transfer != "none" else {"speakers": "none", "pretraining": 0}
    trial = replace(tasks[1].trials[0], **asdict(row), **where, **taught)
    outcome, (_, test) = padi_trial.run(trial, data), split(trial, data)
    assert outcome["clips"] == len(test) == sum(row[-1] for row in outcome["counts"])
    if trial.protocol == "clips":
        assert len({group for group, *_ in outcome["counts"]}) == 10
    else:
        assert len(test) == padi_trees.table_2(trial.experiment).loc[trial.fold + 1].sum()


def test_each_part_is_run_by_itself(run):
    parameters, data, *_ = run
    parts = padi.rows(checked(padi.Parameters, {"edition": "paper", "models": "parts"}))
    assert padi.runnable(parts, data) == parts
    for part, number in (("improvised", 2943), ("scripted", 2588)):
        (trial,) = padi.grid(parameters.model_copy(update={"part": part}), data)
        assert trial.row.name == f"111, {part}"
        assert sum(map(len, split(trial, data))) == number


def test_a_manifest_names_every_clip(run):
    parameters, data, *_ = run
    listed = padi.manifest(parameters)
    assert len(listed) == 1 + 5531 + 1 + 1
    assert [each[0] for each in listed[1:5532]] == data.table["name"].tolist()
