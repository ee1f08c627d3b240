"""Trials of paper 01: what each protocol lets through, what each variant reads, and the printed identities."""

import itertools
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE as SMOTE_OF
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler

from sercore import corpora
from sercore.evaluation.metrics import macro_f1
from sercore.ledger.paper import read_printed
from sercore.papers.alves2022 import study
from sercore.papers.alves2022.data import clips, conversations, copies
from sercore.papers.alves2022.splitting import SYNTHETIC
from sercore.papers.alves2022.trial import ROWS, SELECTED, TABLES, Configuration, arrange, fit, run
from sercore.parameters import ParameterError, checked
from sercore.protocols.splits import grouped_folds
from tests.corpora import trees
from tests.papers.alves2022.alves_trials import BOTH, EMBEDDED, MISJOINED, SMOTE, trial


def test_rows_are_those_of_the_paper():
    printed = {
        (number.table, number.row)
        for number in read_printed(study.NAME)
        if number.metric == "macro_f1_cv5_mean"
    }
    assert printed == {(table, row) for table, rows in TABLES.items() for row in rows}
    assert len(ROWS) == 26
    assert [
        len(study.rows(edition, encoder))
        for edition in ("open", "demo")
        for encoder in ("toy", "none")
    ] == [26, 16, 6, 5]
    assert set(SELECTED) < set(ROWS)


def test_a_row_name_says_its_configuration():
    assert Configuration.of("(8) Multi-task 19 prosodic + SMOTE - CG") == Configuration(
        network="multi-task", subset="19", embedding=False, balancer="SMOTE", copies=False
    )
    assert Configuration.of(EMBEDDED) == Configuration(
        network="sequential", subset="", embedding=True, balancer="SMOTE", copies=False
    )
    assert Configuration.of(SELECTED[0]).subset == "56"
    assert len({Configuration.of(row) for row in ROWS}) == 26
    with pytest.raises(ValueError, match="not a configuration of Tables 2 to 4"):
        Configuration.of("(5) Seq. HuBERT + SMOTE - CG")


def test_every_row_is_scored_once_as_published(data):
    counts = [row for fold in range(5) for row in run(trial(fold=fold), data)["counts"]]
    totals = np.bincount([row[1] for row in counts], [row[3] for row in counts])
    assert totals.tolist() == [90, 90, 90]
    assert sum(row[3] for row in counts if row[0] == SYNTHETIC) == 270 - 209


def test_only_originals_are_scored_once_clean(data):
    counts = [
        row for fold in range(5) for row in run(trial(protocol="clean", fold=fold), data)["counts"]
    ]
    assert np.bincount([row[1] for row in counts], [row[3] for row in counts]).tolist() == [
        90,
        36,
        24,
    ]
    assert SYNTHETIC not in {row[0] for row in counts}


@pytest.mark.parametrize("row", [BOTH, SMOTE, MISJOINED])
@pytest.mark.parametrize("variant", study.VARIANTS)
def test_clean_learns_nothing_of_the_test_recordings(data, row, variant):
    """Whatever test clips and their copies hold, weights and scaling are the same to the bit; as published they are not."""
    chosen = trial(row, variant, "clean")
    test = set(fit(chosen, data).test.recordings)
    planted = np.isin(data.recordings, list(test))
    moved = replace(
        data,
        features={
            name: np.where(planted[:, None], values + 7, values)
            for name, values in data.features.items()
        },
    )
    for protocol, same in (("clean", True), ("as-published", False)):
        weights = [
            fit(replace(chosen, protocol=protocol), each).network.network_.state_dict()
            for each in (data, moved)
        ]
        assert (
            all(
                bool((a == b).all())
                for a, b in zip(*(each.values() for each in weights), strict=True)
            )
            == same
        )


def test_shuffled_labels_are_learned_only_through_the_leak(data):
    """SMOTE before the folds puts test rows on the line between training rows of their class; that alone is learned."""
    scores = {}
    for protocol in study.PROTOCOLS:
        confusion = np.zeros((3, 3))
        for seed, fold in itertools.product(range(2), range(5)):
            outcome = run(
                trial(
                    SMOTE,
                    protocol=protocol,
                    fold=fold,
                    seed=seed,
                    control="labels shuffled",
                    epochs=300,
                ),
                data,
            )
            for _, true, predicted, number in outcome["counts"]:
                confusion[true, predicted] += number
        scores[protocol] = macro_f1(confusion)
    assert scores["as-published"] > 0.48
    assert scores["clean"] < 0.42


def test_a_trial_is_the_same_twice(data):
    assert run(trial(), data) == run(trial(), data)
    assert run(trial(), data) != run(trial(seed=1), data)


@pytest.mark.parametrize("protocol", study.PROTOCOLS)
def test_the_second_head_ends_at_its_best_constant_or_dead(data, protocol):
    outcome = run(trial(SMOTE, protocol=protocol, epochs=300), data)
    expected = 1 / 3 if outcome["second_zero"] == 1 else 2 / 9
    assert outcome["second_mse"] == pytest.approx(expected, abs=0.03)


def test_as_described_has_no_second_emotion_error(data):
    assert run(trial(variant="as-described"), data)["second_mse"] is None


def test_always_neutral_answers_neutral(data):
    rows = run(trial(SMOTE, protocol="clean", control="always neutral"), data)["counts"]
    assert {row[2] for row in rows} == {0}


def test_misjoined_labels_only_where_the_notebooks_join_by_row(data):
    for row, variant, misjoined in (
        (MISJOINED, "as-run", True),
        (MISJOINED, "as-described", False),
        (BOTH, "as-run", False),
    ):
        chosen = trial(row, variant)
        labels = arrange(chosen, Configuration.of(row), data).labels
        assert np.array_equal(labels, data.labels) != misjoined
        if misjoined:
            assert np.array_equal(labels[150:], data.labels[:59])


def test_misjoined_totals_on_the_real_files(data, speech, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(speech))
    table = clips(conversations("open"))
    copied, _ = copies(table)
    labels = np.concatenate([table["label"], copied["label"]])
    originals = np.concatenate([np.full(len(table), -1), copied["original"]])
    blank = {
        name: np.zeros((len(labels), values.shape[1])) for name, values in data.features.items()
    }
    rows = {"recordings": np.repeat("r", len(labels)), "notes": np.repeat("", len(labels))}
    real = replace(data, labels=labels, originals=originals, features=blank, **rows)
    assert np.bincount(labels).tolist() == [491, 134, 133]
    items = arrange(trial(MISJOINED), Configuration.of(MISJOINED), real)
    assert np.bincount(items.labels).tolist() == [591, 111, 56]
    assert np.bincount(items.labels[625:]).tolist() == [100, 22, 11]
    assert np.bincount(
        arrange(trial(MISJOINED, "as-described"), Configuration.of(MISJOINED), real).labels
    ).tolist() == [491, 134, 133]


def test_the_grid_covers_rows_variants_protocols_folds_and_controls():
    everything = study.Parameters(edition="open", seeds=5)
    grid = study.grid(everything, encoder="toy")
    both, clean = (
        2 * 2,
        2 + 7,
    )  # shuffled and constant under both protocols; two more, and seven without the gender branch
    assert len(grid) == len(set(grid)) == (26 * 2 * 2 + both + clean) * 25
    assert {each.encoder for each in grid if "wav2vec" in each.row} == {"toy"}
    assert {each.encoder for each in grid if "wav2vec" not in each.row} == {"none"}
    without = study.grid(everything)
    assert len(without) == (16 * 2 * 2 + both + clean - 3) * 25
    assert not any("wav2vec" in each.row for each in without)
    one = study.grid(study.Parameters(edition="open", only=BOTH, seed=3))
    assert {(each.row, each.seed) for each in one} == {(BOTH, 3)}
    assert len(one) == 20


def test_an_unknown_row_is_refused():
    with pytest.raises(
        ValueError,
        match=re.escape(
            '"(8) Multi-task 19 prosodic" is no row that can be run, the nearest is "(8) Multi-task 19'
        ),
    ):
        study.Parameters(only="(8) Multi-task 19 prosodic")


def test_a_row_on_an_embedding_needs_an_encoder(monkeypatch):
    monkeypatch.setattr("sercore.encoders.cached", lambda name: False)
    with pytest.raises(
        ParameterError,
        match=r"only=\(5\) Seq. wav2vec .* expected one by hub id or folder. Name it with -p encoder=",
    ):
        checked(study.Parameters, {"edition": "open", "only": EMBEDDED})
    for given in ({"edition": "demo"}, {"edition": "open", "encoder": "some/folder"}):
        assert checked(study.Parameters, given | {"only": EMBEDDED}).only == EMBEDDED


def test_any_row_can_be_run_alone_in_the_demo():
    for row in ROWS:
        assert {each.row for each in study.grid(study.Parameters(only=row), encoder="random")} == {
            row
        }


def test_the_papers_edition_lists_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(corpora.CorpusError, match=r"missing CORAA SER .*CETUC .*wav2vec"):
        study.load(study.Parameters(edition="paper"))
    trees.plant(tmp_path / "coraa-ser", trees.coraa_ser())
    with pytest.raises(
        corpora.CorpusError, match=r"missing CETUC \(folder cetuc\); the paper's own data"
    ):
        study.load(study.Parameters(edition="paper", encoder="random"))


def test_a_class_too_small_for_smote_in_a_training_part_is_named(data):
    """Eight men's clips are enough in all; four of them are one recording's, and a fold that tests it has four to learn from."""
    labels, recordings = data.labels.copy(), data.recordings.copy()
    labels[labels == 2] = 0
    rows = np.flatnonzero(data.originals < 0)[:8]
    labels[rows], recordings[rows[:4]] = 2, recordings[rows[0]]
    few = replace(
        data,
        labels=labels,
        recordings=recordings,
        originals=np.where(data.originals >= 0, -1, data.originals),
    )
    messages = []
    for fold in range(5):
        try:
            fit(trial(SMOTE, protocol="clean", fold=fold), few)
        except ValueError as error:
            messages.append(str(error))
    assert messages
    assert all(
        re.match(
            r"\d clips in the training part of fold \d are non-neutral-male; SMOTE draws on 5", each
        )
        for each in messages
    )


def test_each_part_is_read_by_its_rows_only(data):
    """A trial's key moves with what it reads, and with nothing else."""
    described, embedded = trial(SMOTE, "as-described"), trial(EMBEDDED, encoder="toy")
    moved = {
        "embedding": replace(data, embeddings={"toy": data.embeddings["toy"] + 1}),
        "other speakers": replace(
            data,
            auxiliary={
                name: replace(each, male=1 - each.male) for name, each in data.auxiliary.items()
            },
        ),
        "prosodic": replace(
            data, features=data.features | {"prosodic-as-run": data.features["prosodic-as-run"] + 1}
        ),
        "labels": replace(data, labels=data.labels[::-1].copy()),
        "paths": replace(data, paths=("elsewhere",) * 209),
    }
    reads = {
        name: [
            each.content(chosen) != data.content(chosen)
            for chosen in (trial(SMOTE), described, embedded)
        ]
        for name, each in moved.items()
    }
    assert reads == {
        "embedding": [False, False, True],
        "other speakers": [False, True, False],
        "prosodic": [True, False, False],
        "labels": [True, True, True],
        "paths": [False, False, False],
    }


@pytest.mark.parametrize(
    ("row", "width"), [(EMBEDDED, 16), (SELECTED[1], 72), (SELECTED[2], 29), (MISJOINED, 8)]
)
def test_a_row_reads_its_features_and_the_gender_features(data, row, width):
    values = arrange(trial(row, encoder="toy"), Configuration.of(row), data).values
    assert values.shape[1] == width + 44
    assert np.array_equal(values[:, -44:], data.features["gender-as-run"][: len(values)])
    if "wav2vec" in row:
        assert np.array_equal(values[:, width - 16 : width], data.embeddings["toy"][: len(values)])


@pytest.mark.parametrize(
    ("control", "variant", "emotion", "gender"),
    [
        ("none", "as-run", True, True),
        ("no gender branch", "as-run", True, False),
        ("no gender branch", "as-described", True, False),
        ("gender features only", "as-run", False, True),
        ("logistic regression", "as-run", True, False),
    ],
)
def test_a_control_reads_what_it_says(data, control, variant, emotion, gender):
    fitted = fit(trial(SMOTE, variant, "clean", control=control), data)
    values = fitted.test.values
    for columns, reads in ((slice(None, -44), emotion), (slice(-44, None), gender)):
        other = values.copy()
        other[:, columns] += 1
        assert (
            np.array_equal(fitted.network.outputs(values)[0], fitted.network.outputs(other)[0])
            != reads
        )


def test_without_the_gender_branch_the_described_network_has_no_gender_task(data):
    flipped = replace(
        data,
        auxiliary={
            name: replace(each, male=1 - each.male) for name, each in data.auxiliary.items()
        },
    )
    for control, same in (("none", False), ("no gender branch", True)):
        one, other = (
            fit(trial(SMOTE, "as-described", "clean", control=control), each)
            for each in (data, flipped)
        )
        assert (
            np.array_equal(
                one.network.outputs(one.test.values)[0], other.network.outputs(one.test.values)[0]
            )
            == same
        )


def test_logistic_regression_is_scikit_learns_on_the_emotion_features(data):
    fitted = fit(
        trial(
            BOTH.replace("+ CG", "- CG").replace("(2)", "(3)"),
            protocol="clean",
            control="logistic regression",
        ),
        data,
    )
    first = np.flatnonzero(data.originals < 0)
    learned, held = grouped_folds(data.labels[first], data.recordings[first], seed=0)[0]
    values, labels = SMOTE_OF(k_neighbors=5, random_state=0).fit_resample(
        np.hstack([data.features["prosodic-as-run"], data.features["gender-as-run"]])[learned],
        data.labels[learned],
    )
    scaler = MinMaxScaler().fit(values[:, :56])
    expected = LogisticRegression(max_iter=1000).fit(scaler.transform(values[:, :56]), labels)
    probabilities = expected.predict_proba(scaler.transform(data.features["prosodic-as-run"][held]))
    assert np.allclose(fitted.network.outputs(fitted.test.values)[0], probabilities, atol=1e-6)


def test_notes_are_counted_for_the_selected_rows_clean(data):
    chosen = trial(SELECTED[2], protocol="clean")
    outcome = run(chosen, data)
    assert {row[1] for row in outcome["notes"]} == {"n", "-"}
    by_recording = [Counter(), Counter()]
    for recording, true, predicted, number in outcome["counts"]:
        by_recording[0][recording, true, predicted] += number
    for recording, _, true, predicted, number in outcome["notes"]:
        by_recording[1][recording, true, predicted] += number
    assert by_recording[0] == by_recording[1]
    assert run(replace(chosen, protocol="as-published"), data)["notes"] == []
    assert run(trial(SMOTE, protocol="clean"), data)["notes"] == []


@pytest.mark.parametrize(
    ("asked", "edition", "cached", "expected"),
    [
        ("auto", "demo", False, "random"),
        ("auto", "open", False, "none"),
        ("auto", "open", True, study.BASE),
        ("none", "demo", True, "none"),
        ("some/folder", "open", False, "some/folder"),
    ],
)
def test_the_encoder_of_an_edition(monkeypatch, asked, edition, cached, expected):
    monkeypatch.setattr("sercore.encoders.cached", lambda name: cached)
    assert study.encoder(study.Parameters(edition=edition, encoder=asked)) == expected
