"""Causes: why messages died, read from the consumers' logs, and the groups of messages that died of one cause."""
