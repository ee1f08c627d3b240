"""Pages of the book that a program writes: ``fragments`` writes all of them anew."""
