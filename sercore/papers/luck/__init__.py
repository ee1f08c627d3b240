"""Chapter 5, across the papers: what their scores can owe to leaks and to luck."""
