"""Write the README's headline anew."""

from sercore.pages.readme import README, readme

if __name__ == "__main__":
    README.write_text(readme(README.read_text()))
