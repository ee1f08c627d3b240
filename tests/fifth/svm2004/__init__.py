"""A support vector machine on prosodic features: the example of a fifth paper."""
