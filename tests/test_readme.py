"""The README's headline is the ledger's."""

from sercore import pages


def test_the_headline_is_todays():
    text = pages.README.read_text()
    assert text == pages.readme(text), "the README's headline is not the ledger's: run `python -m sercore.pages`"
