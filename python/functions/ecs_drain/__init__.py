"""Drains container instances: takes events from its queue, looks at draining clusters, sweeps up what was lost."""
