"""Paper 02, Parry et al. 2022."""
