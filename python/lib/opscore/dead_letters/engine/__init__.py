"""The engine: the calls of a replay in order, the threads that make them, and the journal that survives a crash."""
