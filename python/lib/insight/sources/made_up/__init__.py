"""A made-up population: accounts and thirteen months of their usage, the same on every machine."""
