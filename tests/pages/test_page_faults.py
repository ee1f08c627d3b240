"""What the checks of pages find in small pages: nothing in right ones, the fault in wrong ones."""

import re

import pytest

from tests.pages import page_faults, paper_faults

DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
ALT = "Scores of four networks as bars"
CAPTION = "<figcaption>Figure 1. The networks' scores fall on real clips alone.</figcaption>"
PICTURE = f'<img src="{DOT}" alt="{ALT}">'
WIDE = '<table style="width: 2000px"><caption>Scores</caption><tr><td>1</td></tr></table>'
BREAK = '<div style="break-before: page">{}</div>'


def article(body: str, style: str = "") -> str:
    return (
        f'<html lang="en"><head><title>A page</title><style>{style}</style></head><body><main>'
        f'<h1>A page</h1><article class="bd-article">{body}</article></main></body></html>'
    )


def expect(faults: list[str], fault: str | None) -> None:
    """Check that there is no fault, or one that a pattern describes."""
    if fault is None:
        assert not faults
    else:
        assert any(re.search(fault, text) for text in faults), faults


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<table><tr><td>1</td></tr></table>", None),
        (
            f'<div style="overflow-x: auto; width: 600px">{WIDE}</div>',
            "Scores: 2000 px wide in 600",
        ),
        (
            f'<div style="overflow: hidden; width: 600px">{WIDE}</div>',
            "Scores: 2000 px wide in 600",
        ),
        (f"<details>{WIDE}</details>", "Scores: 2008 px wide in 1400"),
        (WIDE, "Scores: 2008 px wide in 1400"),
        (f'<section style="width: 300px">{WIDE.replace("2000", "600")}</section>', None),
    ],
)
def test_cut_tables(show, body, fault):
    expect(page_faults.cut_tables(show(article(body))), fault)


@pytest.mark.parametrize(
    ("body", "fault"), [("<p>short</p>", None), (WIDE, "wider than the window: TABLE")]
)
def test_sideways(show, body, fault):
    expect(page_faults.sideways(show(article(body))), fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>none</p>", None),
        (f"<figure>{PICTURE}{CAPTION}</figure>", None),
        (f'<img class="toggler" src="{DOT}" alt="-">', None),
        (f"<figure>{PICTURE}<figcaption>Fig. 1 Scores fall on real clips.</figcaption></figure>", None),
        (f'<figure><svg role="img" aria-label="{ALT}" width="99"></svg>{CAPTION}</figure>', None),
        (f"<figure>{PICTURE}{CAPTION}</figure><figure>{PICTURE}{CAPTION}</figure>", "figure 2 begins"),
        (f"<figure>{PICTURE}</figure>", 'figure 1 begins its caption with ""'),
        (f"<figure>{PICTURE}<figcaption>Scores of four.</figcaption></figure>", "figure 1 begins"),
        (f"<figure>{PICTURE}<figcaption>Figure 1. Scores</figcaption></figure>", "too few words"),
        (f"<figure>{CAPTION}</figure>", "no picture"),
        (PICTURE, "in no figure"),
        (f'<figure><img src="{DOT}">{CAPTION}</figure>', "no alternative text"),
        (f'<figure><img src="{DOT}" alt="../_images/a.png">{CAPTION}</figure>', "no alternative text"),
        (f'<figure><svg width="99"></svg>{CAPTION}</figure>', "no alternative text"),
    ],
)  # fmt: skip
def test_figures(show, body, fault):
    expect(page_faults.figures(show(article(body))), fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (PICTURE, None),
        (f'<img src="{DOT}" alt="">', "no alt"),
        (f'<img src="data:image/gif;base64,AAAA" alt="{ALT}">', "not shown"),
    ],
)
def test_pictures(show, body, fault):
    page = show(article(body))
    page.wait_for_load_state()
    expect(page_faults.pictures(page), fault)


@pytest.mark.parametrize(("height", "fault"), [(11_000, None), (12_500, r"\d+ px high")])
def test_too_high(show, height, fault):
    page = show(article(f'<div style="height: {height}px"></div>'))
    expect(page_faults.too_high(page, 12_000), fault)


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("other.html", None),
        ("other.html#place", None),
        ("https://example.org/", None),
        ("gone.html", "no such file"),
        ("other.html#gone", "no such place"),
        ("#gone", "no such place"),
    ],
)
def test_broken_links(browser, tmp_path, link, fault):
    (tmp_path / "other.html").write_text('<p id="place">here</p>')
    (tmp_path / "page.html").write_text(article(f'<a href="{link}">there</a>'))
    page = browser.new_page()
    page.goto(f"file://{tmp_path}/page.html")
    expect(page_faults.broken_links(page), fault)
    page.close()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (f"<p>plain words</p>{PICTURE}", None),
        ('<p style="color: #bbb">pale words</p>', "color-contrast"),
        ('<details><summary>more</summary><p style="color: #bbb">pale</p></details>', "color-contrast"),
        (f'<img src="{DOT}">', "image-alt"),
        ('<a href="x.html"></a>', "link-name"),
        ("<button></button>", "button-name"),
    ],
)  # fmt: skip
def test_inaccessible(show, body, fault):
    expect(page_faults.inaccessible(show(article(body))), fault)


@pytest.mark.parametrize(
    ("body", "style", "fault"),
    [
        ("<table><tr><td>not run</td></tr></table>", "", None),
        ("<table><thead><tr><th>measured</th></tr></thead></table>", "", None),
        ("<p>explained</p>", "@media print { p { display: none } }", "explained: 1 in the page, 0"),
        ("<p>explained</p>", "@media print { p::after { content: 'explained' } }", "explained: 1 .* 2"),
        ("<details><summary>more</summary>not run</details>", "", "notrun: 1 in the page, 0"),
        ('<div class="cell"><details class="hide">not run</details></div>', "", None),
        ('<div class="cell tag_hide-cell"><details class="hide">not run</details></div>', "", "notrun: 1 .* 0"),
    ],
)  # fmt: skip
def test_lost_verdicts(show, body, style, fault):
    page = show(article(body, style))
    expect(paper_faults.lost_verdicts(page, paper_faults.sheets(page)), fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<figure>{}</figure>", None),
        ("<details open><summary>more</summary><figure>{}</figure></details>", None),
        ("<details><summary>more</summary><figure>{}</figure></details>", "not on paper: A bar"),
        ('<figure style="opacity: 0">{}</figure>', "not on paper: A bar"),
    ],
)
def test_lost_captions(show, body, fault):
    caption = '<figcaption><span class="caption-text">A bar is an interval.</span></figcaption>'
    page = show(article(body.format(caption)))
    expect(paper_faults.lost_captions(page, paper_faults.sheets(page)), fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>words</p>" + BREAK.format("<p>more words</p>"), None),
        ("<p>words</p>" + BREAK.format(PICTURE), None),
        ("<p>words</p>" + BREAK.format('<svg width="99"><path d="M0 0L9 9" stroke="red"/></svg>'), None),
        ("<p>words</p>" + BREAK.format("") + BREAK.format("<p>more</p>"), "sheet 2 is empty"),
    ],
)  # fmt: skip
def test_empty_sheets(show, body, fault):
    expect(paper_faults.empty_sheets(paper_faults.sheets(show(article(body)))), fault)


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        ("", None),
        ("p { color: #0b4f8a }", None),
        ("p { color: #ced6dd }", "sheet 1 is written in"),
        ("@media (prefers-color-scheme: dark) { p { color: #fff } }", "sheet 1 is written in"),
    ],
)
def test_pale_letters(show, style, fault):
    page = show(article("<p>words</p>", f"* {{ print-color-adjust: exact }} {style}"), theme="dark")
    expect(paper_faults.pale_letters(paper_faults.sheets(page)), fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<table><tr><td>1</td></tr></table><pre>code</pre>", None),
        (f'<div style="overflow-x: auto">{WIDE}</div>', "TABLE Scores"),
        (f"<details>{WIDE}</details>", "TABLE Scores"),
        (f'<pre style="overflow: auto">{"word " * 200}</pre>', "PRE word"),
        (f'<img src="{DOT}" style="width: 900px">', "IMG"),
    ],
)
def test_cut_on_paper(show, body, fault):
    expect(paper_faults.cut_on_paper(show(article(body))), fault)
