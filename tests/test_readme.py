"""The README's headline and picture are the ledger's."""

import matplotlib.pyplot as plt

from sercore import papers
from sercore.pages import __main__ as readme
from sercore.pages.fragments import description


def test_the_headline_is_todays():
    text = readme.README.read_text()
    assert text == readme.readme(text, papers.values()), (
        "the README's headline is not the ledger's: run `python -m sercore.pages`"
    )


def test_the_picture_shows_todays_numbers():
    figure = readme.picture(papers.values())
    numbers = description(figure)
    plt.close(figure)
    assert numbers.count(".") > 100
    assert f"<dc:description>{numbers}</dc:description>" in readme.PICTURE.read_text(), (
        "the README's picture does not show the ledger's numbers: run `python -m sercore.pages`"
    )
    assert f"](book/{readme.PICTURE.name})" in readme.README.read_text()
