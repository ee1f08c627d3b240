"""Paper 01, Alves et al. 2022."""
