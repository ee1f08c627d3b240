"""Paper 03, Biagini 2022."""
