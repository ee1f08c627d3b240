"""The first page: a claim, a finding and a mark for each paper, and a citation that is CITATION.cff's."""

from types import SimpleNamespace

import pytest
import yaml

from sercore import papers, store
from sercore.pages import fragments
from sercore.report.prose import ProseError


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("**Reached.** The paper says so.", "Reached."),
        ("**Not yet: too few runs.** **More** words.", "Not yet: too few runs."),
    ],
)
def test_a_finding_begins_with_its_sentence(words, sentence):
    assert fragments.lead(words, where="one") == sentence


@pytest.mark.parametrize("words", ["Reached.", "So **it** is.", ""])
def test_a_finding_without_its_sentence_is_refused(words):
    with pytest.raises(ProseError, match=r"^one: the finding begins with .* expected a sentence"):
        fragments.lead(words, where="one")


@pytest.mark.parametrize(
    ("verdicts", "mark"),
    [
        (["reproduced", "inconclusive"], "● reached"),
        (["explained", "not run"], "● reached"),
        (["reproduced", "not reproduced"], "◐ in part"),
        (["not reproduced", "substituted"], "✕ not reached"),
        (["inconclusive", "not run", "substituted"], "○ not judged"),
        ([], "○ not judged"),
    ],
)
def test_a_mark_is_made_of_the_verdicts_on_results_alone(verdicts, mark):
    printed = [SimpleNamespace(kind="result", word=word) for word in verdicts]
    others = [SimpleNamespace(kind=kind, word="not reproduced") for kind in ("setting", "count")]
    ledger = SimpleNamespace(printed=printed + others, verdict=lambda number: (number.word, ""))
    assert fragments.mark(ledger) == mark
    page = (store.PROJECT / "book" / "index.md").read_text()
    readme = (store.PROJECT / "README.md").read_text()
    assert all(f"**{mark[0]}**" in text for text in (page, readme)), "a mark without its meaning"


def test_what_a_paper_claims_is_its_file(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "claim.md").write_text("It is so,\nin two lines.\n")
    assert fragments.claimed("one", tmp_path) == "It is so, in two lines."
    with pytest.raises(ProseError, match=r"two/claim\.md: no such file; expected one sentence"):
        fragments.claimed("two", tmp_path)


def test_every_paper_says_what_it_claims_in_one_sentence():
    for paper in filter(lambda paper: paper.is_paper, papers.every()):
        assert fragments.claimed(paper.folder).count(". ") == 0


def test_the_first_page_cites_as_the_citation_file_does():
    about = yaml.safe_load((store.PROJECT / "CITATION.cff").read_text())
    page = " ".join((store.PROJECT / "book" / "index.md").read_text().split())
    author, year = about["authors"][0]["name"], about["date-released"].year
    words = f"*{author.capitalize()} ({year}). {about['title']}. Version {about['version']}*"
    assert words in page.replace("*The", "*The")
    assert f"{about['license']} licence" in page
