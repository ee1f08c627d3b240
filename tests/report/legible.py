"""Whether a reader can read a figure."""

from itertools import combinations

import matplotlib.pyplot as plt


def legible(figure, smallest=8):
    """No text is small, cut off, or on another."""
    figure.canvas.draw()
    unseen = {  # labels of ticks beyond the ends of an axis, which matplotlib keeps and does not draw
        tick.label1
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    texts = [
        text
        for text in figure.findobj(plt.Text)
        if text.get_text().strip() and text.get_visible() and text not in unseen
    ]
    page = figure.bbox.padded(1)
    for text in texts:
        place = text.get_window_extent()
        assert text.get_fontsize() >= smallest, text
        assert page.x0 <= place.x0 < place.x1 <= page.x1, text
        assert page.y0 <= place.y0 < place.y1 <= page.y1, text
    for text, other in combinations(texts, 2):
        assert not text.get_window_extent().overlaps(other.get_window_extent()), (text, other)
