"""Demo corpora of synthetic speech, which prove the machinery and nothing about people.

``synthetic`` makes and loads them, ``scripts`` says who speaks which sentence in which voice and
manner, ``voices`` speaks it, ``recordings`` adds room, noise and microphone, ``sentences`` holds
the texts.
"""
