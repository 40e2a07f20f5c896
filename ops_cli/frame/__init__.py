"""The frame that every command stands in: where it works, what it may print, how it asks and fails."""
