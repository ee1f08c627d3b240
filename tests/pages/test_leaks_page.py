"""What the page on leaks says in words is what was recorded and what the code does."""

import json
import re

import pytest

from benchmarks.leaks import KINDS
from sercore import sealed, store
from sercore.features import fingerprint
from sercore.pages import leaks
from sercore.protocols.leaks import NEAR, SAME

PAGE = " ".join((store.PROJECT / "book" / "leaks.md").read_text().split())


@pytest.fixture(scope="module")
def reports():
    return {report["corpus"]: report for report in leaks._recorded(leaks.RECORDED)}


def test_the_first_words_are_what_was_found(reports):
    kinds = {name: sorted(pair[0] for pair in report["pairs"]) for name, report in reports.items()}
    assert kinds.pop("ravdess") == [SAME]
    assert kinds.pop("emovo") == [NEAR]
    assert set(kinds.pop("coraa-ser")) == {NEAR}
    assert kinds == {"savee": [], "tess": []}
    assert (
        "one recording that stands twice in RAVDESS, one in EMOVO, and clips of CORAA SER" in PAGE
    )
    assert all(report["leaks"] == {} for report in reports.values())
    assert all(
        report["splits"] == leaks.SPLITS == len(report["texts"]) for report in reports.values()
    )


def test_the_pairs_are_what_the_page_says_of_them(reports):
    for _, first, second, _, correlation in reports["coraa-ser"]["pairs"]:
        (recording, number), (other, next_number) = (
            name.split("_")[:2] for name in (first, second)
        )
        assert recording == other
        assert int(next_number[7:]) - int(number[7:]) == 1
        assert correlation > 0.95
    labels = [what for *_, what, _ in reports["coraa-ser"]["pairs"] if what]
    assert len(labels) == 1
    assert "one pair carries two labels" in PAGE
    for name in ("ravdess", "emovo"):
        assert [what for *_, what, _ in reports[name]["pairs"]] == [""]


def test_other_takes_are_far_below_what_counts_as_a_copy(reports):
    others = [report["highest_other"] for report in reports.values() if report["highest_other"]]
    assert max(others) < 0.7
    found = [pair[-1] for report in reports.values() for pair in report["pairs"]]
    assert min(found) > 0.95
    assert f"Clips above {fingerprint.COPY} count as copies" in PAGE
    seconds = 2 * fingerprint.HALF * fingerprint.HOP / 16_000
    assert f"{seconds:.1f} seconds each" in PAGE
    assert len(KINDS) == 15
    assert "Planted copies of fifteen kinds" in PAGE


def test_the_tables_hold_what_is_recorded_and_no_path(tmp_path, reports):
    shown = leaks.found().data + leaks.pairs().data
    assert all(f"{report['clips']:,}" in shown for report in reports.values())
    assert "03-01-03-01-02-01-07" in shown
    assert "/work" not in leaks.RECORDED.read_text()
    report = reports["tess"] | {
        "clips": 7,
        "leaks": {"speaker": 3},
        "texts": [None],
        "highest_other": None,
    }
    payload = json.dumps({"corpora": [report]}).encode()
    sealed.replace(tmp_path, {"leaks.json": payload}, name=sealed.DIGESTS)
    assert "3 in 20" in leaks.found(tmp_path / "leaks.json").data


def test_a_hunt_is_recorded_with_its_circumstances(tmp_path, monkeypatch):
    from sercore.corpora.demo import synthetic

    monkeypatch.setattr(leaks.corpora, "load", lambda name: synthetic.load("demo-labor"))
    monkeypatch.setattr(leaks, "SPLITS", 2)
    leaks.record(["emovo"], path=tmp_path / "leaks.json")
    about = json.loads(sealed.read(tmp_path / "leaks.json", name=sealed.DIGESTS))
    assert about["commit"]
    (report,) = about["corpora"]
    assert (report["clips"], report["speakers"], report["pairs"]) == (140, 4, [])
    assert (report["leaks"], report["texts"]) == ({}, [1.0, 1.0])


def test_the_page_on_speed_says_who_is_better_at_what():
    printed = "\n".join(json.loads((leaks.FOLDER / "speed" / "leaks.json").read_text())["printed"])
    assert "splitsafe  not run" in printed
    spent = [
        [int(text) for text in re.findall(rf"{name} .* (\d+) s of processors", printed)]
        for name in ("ours", "audfprint2")
    ]
    assert all(ours > peer for ours, peer in zip(*spent, strict=True))
    shares = {"silence added": [], "noise at 5 dB": []}
    for kind, pairs in shares.items():
        pairs += re.findall(rf"{kind} +(\S+) +(\S+)", printed)
    assert all(float(ours) > float(peer) for ours, peer in shares["silence added"])
    assert all(float(ours) < float(peer) for ours, peer in shares["noise at 5 dB"])
    text = (store.PROJECT / "book" / "speed.md").read_text()
    assert "could not be installed" in text
    assert "under loud noise audfprint2 finds more" in text
