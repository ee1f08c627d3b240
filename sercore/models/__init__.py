"""One file a published model: its citation, its sizes in one dataclass, its deviations; ``counts`` lists them all."""
