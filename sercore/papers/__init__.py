"""One folder a paper: its study, claims, tables, figures and page; no paper imports another."""
