"""Data of Alves et al. 2022: clips, gender-changed copies, features, the gender task's tables."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sercore import corpora, encoders, features, store
from sercore.augment import voice
from sercore.corpora import Corpus, TableError, coraa_ser, gender_tables, labels
from sercore.corpora.clips import Report, qualified
from sercore.corpora.demo import synthetic
from sercore.corpora.gender_tables import GenderTable
from sercore.corpora.own import class_names
from sercore.corpora.table import some
from sercore.features import embedding
from sercore.features.gender import NAMES as GENDER_NAMES
from sercore.papers.alves2022.gender import UNKNOWN, GenderData
from sercore.papers.alves2022.trial import ACTORS, Configuration, Data, OwnSides, Trial, divide
from sercore.parameters import AS_THEY_ARE, OwnCorpora
from sercore.process import CallError
from sercore.protocols import own
from sercore.protocols.speakers import is_given
from sercore.protocols.splits import FOLDS

FEATURE_SETS = ("prosodic-as-run", "prosodic", "gender-as-run", "gender")
FOLDER = Path("gender-tables")
ACTED = ("emovo", "ravdess", "savee", "tess")  # 36 actors, of whom gender is learned too
CLIPS_OF_AN_ACTOR = 60  # as many as RAVDESS has; TESS's two women have 1,400
# Why trials of the tables are not run on a researcher's clips.
NO_OTHERS = "other speakers' gender is learnt, and gender-tables is not under SER_CORPORA"
NO_GENDER = "rests on the paper's three classes, which are not those of these clips"
MLS, COMMON_VOICE = "mls-split-pt.csv.gz", "commonvoice-pt.csv.gz"


def load_edition(
    edition: str, *, sets: Sequence[str] = FEATURE_SETS, encoder: str, device: str
) -> Data:
    """Load clips, copies and features of an edition, from the store where they are kept."""
    corpus = conversations(edition)
    originals = clips(corpus)
    copied, unconverted = copies(originals)
    auxiliary, others = _auxiliary(edition)
    rows = pd.concat([originals.assign(original=-1), copied.assign(notes="")], ignore_index=True)
    about = {"unconverted": tuple(unconverted), "reports": (corpus.report, *others)}
    return _measured_data(rows, auxiliary, sets=sets, encoder=encoder, device=device, **about)


def _measured_data(
    rows: pd.DataFrame,
    auxiliary: dict[str, GenderTable],
    *,
    sets: Sequence[str],
    encoder: str,
    device: str,
    **about: Any,
) -> Data:
    """Measure originals and copies; ``about`` are further fields of the data."""
    paths = list(rows["path"])
    embeddings = {}
    if encoder != "none":
        network = encoders.load(encoder, device=device)
        embeddings[network.name] = embedding.compute(network, paths)
    return Data(
        names=tuple(rows["name"]),
        paths=tuple(str(path) for path in paths),
        labels=rows["label"].to_numpy(np.int64),
        recordings=rows["speaker"].to_numpy(str),
        originals=rows["original"].to_numpy(np.int64),
        notes=rows["notes"].to_numpy(str),
        features={name: features.compute(name, paths) for name in sets},
        embeddings=embeddings,
        auxiliary=auxiliary,
        **about,
    )


def sets_of(rows: Sequence[str]) -> list[str]:
    """Return the feature sets that rows read, either variant's."""
    has_prosody = any(Configuration.of(row).subset for row in rows)
    return [name for name in FEATURE_SETS if has_prosody or not name.startswith("prosodic")]


def read_own(parameters: OwnCorpora) -> Corpus:
    """Read a researcher's clips, by default in the paper's classes; unseen corpora come last.

    Raises:
        TableError: ``protocols.own.read`` refuses the clips, a clip lacks the gender that its class
            needs, or a map gives other classes than the paper's networks can have.
    """
    unseen = own.names(parameters.unseen)
    corpus = own.read(parameters, classes=AS_THEY_ARE, unseen=unseen)
    table = corpus.table
    if not parameters.classes:
        try:
            table = table.assign(**{"class": labels.three_classes(table)})
        except labels.LabelError as error:
            raise TableError(
                f"{parameters.table}: {error} Or let other classes be learnt, such as -p"
                " classes=own, the emotions as they are."
            ) from error
    is_unseen = table["corpus"].isin(unseen)
    if table["class"][~is_unseen].nunique() < 2:
        raise TableError(
            f"{parameters.table}: one class, `{table['class'].iloc[0]}`, in the corpora that train;"
            " expected two at least. Add clips of another one, or give -p classes=own."
        )
    table = table.assign(unseen=is_unseen).sort_values(["unseen", "corpus", "speaker", "name"])
    return replace(corpus, table=table.reset_index(drop=True))


def load_own(parameters: OwnCorpora, *, rows: Sequence[str], encoder: str, device: str) -> Data:
    """Load a researcher's clips with their features.

    Where classes tell the gender and one of the rows has copies, there are copies.
    """
    corpus = read_own(parameters)
    names = class_names(corpus, () if parameters.classes else labels.THREE)
    numbers = [names.index(name) for name in corpus.table["class"]]
    groups = qualified(corpus.table, "speaker").to_numpy(str)
    originals = corpus.table.assign(label=numbers, notes="", group=groups)
    copied, unconverted = originals.iloc[:0].assign(original=[]), []
    pool = originals[~originals["unseen"]]
    if names == labels.THREE and any(Configuration.of(row).copies for row in rows):
        copied, unconverted = copies(pool, as_printed=False)
    table = pd.concat([originals.assign(original=-1), copied], ignore_index=True)
    present = pool.groupby("label")["group"].nunique()
    is_tested = pool["split"] == "test" if is_given(pool) else pool["unseen"]
    sides = OwnSides(
        clips=originals,
        folds=max(2, min(FOLDS, *present)),
        tested=tuple(sorted(set(pool["group"][is_tested]))),
        unseen=tuple(sorted(set(groups[originals["unseen"]]))),
    )
    return _measured_data(
        table.assign(speaker=table["group"]),
        _own_auxiliary(),
        sets=sets_of(rows),
        encoder=encoder,
        device=device,
        unconverted=tuple(unconverted),
        reports=(corpus.report,),
        classes=names,
        own=sides,
    )


def _own_auxiliary() -> dict[str, GenderTable]:
    """Return the open edition's speakers of known gender, where their table is there."""
    root = corpora.home()
    if root is None or not (root / FOLDER / MLS).is_file():
        return {}
    return _auxiliary("open")[0]


def with_actors(data: Data) -> Data:
    """Return the same data with the acted corpora's speakers beside those of the gender task."""
    if ACTORS in data.auxiliary:
        return data
    loaded = [corpora.load(name) for name in ACTED]
    rows = []
    for corpus in loaded:
        table = corpus.table.sort_values("path")
        speakers = corpus.name + "/" + table["speaker"].astype(str)
        for _, clips_of_one in table.assign(speaker=speakers).groupby("speaker"):
            evenly = np.linspace(0, len(clips_of_one) - 1, CLIPS_OF_AN_ACTOR).round().astype(int)
            rows.append(clips_of_one.iloc[np.unique(evenly)])
    table = pd.concat(rows, ignore_index=True)
    auxiliary = data.auxiliary | {ACTORS: _measured(table, "gender")}
    reports = (*data.reports, *(corpus.report for corpus in loaded))
    return replace(data, auxiliary=auxiliary, reports=reports)


def own_contents(parameters: OwnCorpora) -> list:
    """Name a researcher's clips, and the other speakers whose gender is learnt, by plain values."""
    others = [table.content for table in _own_auxiliary().values()]
    return [*own.contents(read_own(parameters)), others]


def own_trials(
    parameters: OwnCorpora, trials: Sequence[Trial], data: Data
) -> tuple[list[Trial], list[str]]:
    """Return the trials that a researcher's clips allow, and sentences on the others."""
    lacking: dict[str, set[str]] = {}
    chosen = []
    for trial in trials:
        reason = ""
        if trial.variant != "as-run" and trial.auxiliary not in data.auxiliary:
            reason = NO_OTHERS
        elif data.classes != labels.THREE and (
            Configuration.of(trial.row).copies or trial.control == "always neutral"
        ):
            reason = NO_GENDER
        if reason:
            lacking.setdefault(reason, set()).add(
                trial.row if reason == NO_GENDER else "as-described"
            )
        elif data.own.has_fold(trial):
            chosen.append(trial)
    told = [f"not run, {some(sorted(names))}: {reason}" for reason, names in lacking.items()]
    if not chosen:
        raise TableError(f"{parameters.table}: {'; '.join(told) or 'no trial is left'}")
    split = partial(divide, data=data)
    chosen, sentences = own.possible(parameters, chosen, split, by=("row", "protocol"))
    return chosen, told + sentences


def extractors() -> list[list[str]]:
    """Return name and key of what makes the data: feature sets, voice conversion, embeddings."""
    modules = {name: features.SETS[name].module for name in FEATURE_SETS}
    modules |= {"change gender": "sercore.augment.voice", "embedding": "sercore.features.embedding"}
    keys = []
    for name, module in modules.items():
        keys.append([name, store.key(settings={}, manifest=[], modules=module).hex])
    return keys


def conversations(edition: str) -> Corpus:
    """Load the corpus of an edition."""
    return synthetic.load("demo-conversa") if edition == "demo" else corpora.load("coraa-ser")


def clips(corpus: Corpus) -> pd.DataFrame:
    """Return a corpus' clips by name, with ``label`` (0, 1, 2) and ``notes`` of listeners."""
    table = corpus.table
    notes = {}
    if corpus.name == "coraa-ser":
        notes = dict(coraa_ser.notes(corpora.home() / "coraa-ser"))
    classes = labels.three_classes(table).map(labels.THREE.index)
    names = [Path(path).stem for path in table["path"]]
    table = table.assign(name=names, label=classes, notes=[notes.get(name, "") for name in names])
    return table.sort_values("name", ignore_index=True)


def contents(edition: str) -> list:
    """Return content hash and label of every file that an edition other than the demo reads."""
    table = clips(conversations(edition))
    rows = zip(table["name"], table["path"], table["label"].tolist(), table["notes"], strict=True)
    hashes = [[name, store.content(path), label, notes] for name, path, label, notes in rows]
    if edition == "open":
        return [*hashes, store.content(_folder() / MLS)]
    return [*hashes, *(store.content(path) for path in corpora.load("cetuc").table["path"])]


def copies(table: pd.DataFrame, *, as_printed: bool = True) -> tuple[pd.DataFrame, list[str]]:
    """Return gender-changed copies of the non-neutral clips, and why clips have none.

    The authors could not convert one female clip and do not say which. Where all of ours convert,
    the shortest female clip is left out, so that the totals are theirs, if they are ``as_printed``.

    Source: Alves et al. 2022, section 2.2.
    """
    chosen = table[table["label"] > 0]
    conversions = [voice.TO_MALE if label == 1 else voice.TO_FEMALE for label in chosen["label"]]
    made = voice.converted([Path(path) for path in chosen["path"]], conversions)
    is_good = np.array([not isinstance(path, CallError) for path in made])
    failed = []
    for name, path in zip(chosen["name"], made, strict=True):
        if isinstance(path, CallError):
            failed.append(f"{name}: {path}")
    if as_printed and is_good.all():
        women = chosen[chosen["label"] == 1]
        shortest = women.sort_values(["seconds", "name"])["name"].iloc[0]
        failed = [
            f"{shortest}: converts here; left out as the shortest female clip, for the paper's one "
            "that did not"
        ]
        is_good &= (chosen["name"] != shortest).to_numpy()
    swapped = chosen["label"].map({1: 2, 2: 1})  # the other non-neutral class
    copied = chosen.assign(path=made, label=swapped, original=chosen.index)[is_good]
    return copied.reset_index(drop=True), failed


def measure(edition: str, data: Data) -> dict[str, float]:
    """Count clips, copies and listening notes, by "row / column" of a printed number."""
    table = clips(conversations(edition))
    copied = data.labels[data.originals >= 0]
    counts = {}
    for label, name in enumerate(labels.THREE):
        counts[f"SE&R training set / {name} / segments"] = int((table["label"] == label).sum())
    counts |= {
        "SE&R training set / all / segments": len(table),
        "SE&R training set / all / duration": round(table["seconds"].sum() / 60, 2),
        "change gender / converted files / count": len(copied),
        "change gender / male to female / count": int((copied == 1).sum()),
        "change gender / female to male / count": int((copied == 2).sum()),
    }
    return counts if edition == "demo" else counts | _noted()


def _noted() -> dict[str, int]:
    """Count the notes of the listeners' list, for neutral and non-neutral clips (Figure 1)."""
    notes = coraa_ser.notes(corpora.home() / "coraa-ser")
    if not notes:
        return {}
    counts = {}
    for name in ("neutral", "non-neutral"):
        is_gendered = name == "non-neutral"
        letters = [noted for clip, noted in notes if ("non-neutral" in clip) == is_gendered]
        for note, letter in coraa_ser.NOTES.items():
            counts[f"listening notes / {name} / {note}"] = sum(letter in noted for noted in letters)
        mixed = [noted for noted in letters if "g" in noted]
        counts[f"listening notes / {name} / all"] = len(letters)
        row = f"different-gender {name}"
        counts[f"{row} / all / segments"] = len(mixed)
        counts[f"{row} / overlapping / segments"] = sum("o" in noted for noted in mixed)
        counts[f"{row} / in sequence / segments"] = sum("s" in noted for noted in mixed)
    return counts


def example(data: Data, label: int) -> list[tuple[str, str]]:
    """Return title and file of the first clip of a class that has a copy, and of the copy."""
    is_copy = (data.originals >= 0) & (data.labels[data.originals] == label)
    copy = np.flatnonzero(is_copy)[0]
    pair = []
    for kind, row in (("Original", data.originals[copy]), ("Copy", copy)):
        pair.append((f"{kind}, {labels.THREE[data.labels[row]]}:", data.paths[row]))
    return pair


def load_gender(edition: str) -> GenderData:
    """Load the gender task's tables: the demo's speakers, the co-author's tables, or CETUC.

    Common Voice's table may be absent. Its peak frequencies are on their true scale, those of MLS
    in pieces 1.378 times too high, as that project's two extractors have them: part of what
    separates a test on it from one on MLS is this.
    """
    if edition != "open":
        feature_set = "gender-as-run" if edition == "demo" else "gender"
        return GenderData(_measured(_gender_corpus(edition).table, feature_set), None)
    unnamed = None
    if (_folder() / COMMON_VOICE).is_file():
        table = gender_tables.read(_folder() / COMMON_VOICE, GENDER_NAMES)
        unnamed = replace(table, speakers=np.repeat(UNKNOWN, len(table.male)))
    return GenderData(gender_tables.read(_folder() / MLS, GENDER_NAMES), unnamed)


def _auxiliary(edition: str) -> tuple[dict[str, GenderTable], tuple[Report, ...]]:
    """Return gender features of other speakers by set, and their loader's report."""
    if edition == "open":
        table = gender_tables.read(_folder() / MLS, GENDER_NAMES)
        return {"gender-as-run": table, "gender": table}, ()
    corpus = _gender_corpus(edition)
    return {name: _measured(corpus.table, name) for name in ("gender-as-run", "gender")}, (
        corpus.report,
    )


def _gender_corpus(edition: str) -> Corpus:
    return synthetic.load("demo-gender") if edition == "demo" else corpora.load("cetuc")


def _measured(table: pd.DataFrame, feature_set: str) -> GenderTable:
    return GenderTable(
        features=features.compute(feature_set, list(table["path"])),
        male=(table["gender"] == "male").to_numpy(np.int64),
        speakers=table["speaker"].to_numpy(str),
        content=store.digest([store.content(path) for path in table["path"]]),
    )


def _folder() -> Path:
    root = corpora.home()
    if root is None:
        raise corpora.CorpusError(
            f"SER_CORPORA is not set; it names the folder that holds `{FOLDER}/`. Set it, or use "
            "edition=demo."
        )
    return root / FOLDER
