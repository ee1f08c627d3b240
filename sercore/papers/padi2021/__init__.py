"""Paper 04, Padi et al. 2021."""
