"""Drains container instances: takes events from its queue, looks at draining clusters, repairs what was lost."""
