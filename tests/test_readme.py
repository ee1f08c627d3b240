"""The README's headline is the ledger's."""

from sercore.pages import __main__ as readme


def test_the_headline_is_todays():
    text = readme.README.read_text()
    assert text == readme.readme(text), (
        "the README's headline is not the ledger's: run `python -m sercore.pages`"
    )
