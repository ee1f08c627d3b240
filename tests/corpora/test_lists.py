"""Trees built from public file lists of corpora that are not at hand load with the published counts, and map to the papers'."""

from collections import Counter

import pandas as pd
import pytest

from sercore.corpora import labels, load
from tests.corpora import trees

LISTS = {"crema-d": "cremad", "emodb": "emodb", "iemocap": "iemocap-4class", "savee": "savee"}
FOLDER = {"savee": "ALL/"}  # which the list leaves out
WORDS = {
    "emodb": {"boredem": "boredom", "happy": "happiness", "sad": "sadness"}
}  # as the list spells them, and as our loader
EMODB = {
    "03": 49,
    "08": 58,
    "09": 43,
    "10": 38,
    "11": 55,
    "12": 35,
    "13": 61,
    "14": 69,
    "15": 56,
    "16": 71,
}
# ang, hap, exc, neu, sad, female, male
SESSIONS = [
    [229, 135, 143, 384, 194, 528, 557],
    [137, 117, 210, 362, 197, 481, 542],
    [240, 135, 151, 320, 305, 522, 629],
    [327, 65, 238, 258, 143, 528, 503],
    [170, 143, 299, 384, 245, 590, 651],
]
FIVE = ["ang", "hap", "exc", "neu", "sad"]


@pytest.fixture(scope="module")
def corpora(speech, tmp_path_factory):
    """The listed corpora and, whole, those at hand, by name."""
    if not (speech / "lists").is_dir():
        pytest.skip(f"needs the file lists: no folder {speech / 'lists'}")
    root = tmp_path_factory.mktemp("corpora")
    listed = {
        name: trees.on_list(speech / "lists" / f"{file}.jsonl.gz") for name, file in LISTS.items()
    }
    for name, places in listed.items():
        trees.plant(root / name, (FOLDER.get(name, "") + place for place in places))
    trees.iemocap(
        root / "iemocap",
        {place.rsplit("/", 1)[1]: label for place, label in listed["iemocap"].items()},
    )
    found = {name: load(name, root=root) for name in listed}
    for name, corpus in found.items():
        emotions = {
            place.rsplit("/", 1)[-1]: WORDS.get(name, {}).get(label, label)
            for place, label in listed[name].items()
        }
        assert (
            dict(
                zip(
                    [path.stem for path in corpus.table["path"]],
                    corpus.table["emotion"],
                    strict=True,
                )
            )
            == emotions
        )
    return found | {
        name: load(name, root=speech)
        for name in ("emovo", "ravdess", "tess")
        if (speech / name).is_dir()
    }


@pytest.mark.parametrize("name", ["crema-d", "emodb", "savee"])
def test_a_listed_corpus_is_whole(corpora, name):
    assert corpora[name].problems == []


def test_iemocap_of_four_classes_is_an_excerpt(corpora):
    told = "session 1 1085, session 2 1023, session 3 1151, session 4 1031, session 5 1241"
    assert corpora["iemocap"].problems == [
        f"5531 clips, expected 10039 (an excerpt loads too): {told}"
    ]


def test_speakers_and_sexes(corpora):
    women = {
        name: corpora[name].table.drop_duplicates("speaker")["gender"].value_counts().to_dict()
        for name in LISTS
    }
    assert women == {
        "crema-d": {"female": 43, "male": 48},
        "emodb": {"female": 5, "male": 5},
        "iemocap": {"female": 5, "male": 5},
        "savee": {"male": 4},
    }
    assert corpora["emodb"].table["speaker"].value_counts().to_dict() == EMODB
    assert corpora["savee"].table["speaker"].value_counts().to_dict() == dict.fromkeys(
        ("DC", "JE", "JK", "KL"), 120
    )
    assert corpora["crema-d"].table["level"].value_counts().to_dict() == {
        "XX": 6077,
        "LO": 455,
        "MD": 455,
        "HI": 455,
    }


def test_iemocap_by_session(corpora):
    table = corpora["iemocap"].table
    emotions = pd.crosstab(table["session"], table["emotion"])[FIVE]
    sexes = pd.crosstab(table["session"], table["gender"])[["female", "male"]]
    assert emotions.join(sexes).to_numpy().tolist() == SESSIONS


def test_iemocap_by_part(corpora):
    table = corpora["iemocap"].table
    parts = pd.crosstab(table["part"], table["emotion"])[FIVE]
    assert parts.loc["improvised"].tolist() == [289, 284, 663, 1099, 608]
    assert parts.loc["scripted"].tolist() == [814, 311, 378, 609, 476]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("crema-d", (1271, 1087, 5084)),
        ("tess", (800, 400, 1600)),
        ("emovo", (168, 84, 336)),
        ("emodb", (71, 79, 385)),
        ("ravdess", (384, 288, 768)),
        ("savee", (120, 120, 240)),
        ("iemocap", (1636, 1708, 2187)),
    ],
)
def test_counts_of_paper_02(corpora, name, counts):
    if name not in corpora:
        pytest.skip(f"needs {name}")
    found = Counter(labels.mapped(corpora[name].table, labels.valences()))
    assert found == dict(zip(labels.VALENCES, counts, strict=True))


@pytest.mark.parametrize(("loopq_labels", "angry", "sad"), [(False, 60, 60), (True, 120, 0)])
def test_counts_of_paper_03(corpora, loopq_labels, angry, sad):
    if not {"ravdess", "tess"} <= set(corpora):
        pytest.skip("needs ravdess and tess")
    classes = labels.seven_classes(loopq_labels=loopq_labels)
    found = {
        name: Counter(labels.mapped(corpora[name].table, classes).dropna())
        for name in ("crema-d", "ravdess", "savee", "tess")
    }
    assert sum(counts.total() for counts in found.values()) == 11_970
    assert found["ravdess"].total() == 1248
    assert (found["savee"]["angry"], found["savee"]["sadness"]) == (angry, sad)
    assert found["crema-d"]["surprise"] == 0
    assert set(sum(found.values(), Counter())) == set(labels.SEVEN)


@pytest.mark.parametrize(
    ("experiment", "counts"),
    [
        ("exp1", {"angry": 1103, "happy": 595, "neutral": 1708, "sad": 1084}),
        ("exp2", {"angry": 1103, "excited": 1041, "neutral": 1708, "sad": 1084}),
        ("exp3", {"angry": 1103, "happy+excited": 1636, "neutral": 1708, "sad": 1084}),
    ],
)
def test_counts_of_paper_04(corpora, experiment, counts):
    assert (
        Counter(labels.mapped(corpora["iemocap"].table, labels.four_classes(experiment)).dropna())
        == counts
    )


def test_crema_d_stands_in_for_iemocap(corpora):
    found = labels.mapped(corpora["crema-d"].table, labels.four_classes("exp1"))
    assert Counter(found.dropna()) == {"angry": 1271, "happy": 1271, "neutral": 1087, "sad": 1271}
