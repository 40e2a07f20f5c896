"""Orders: the request for a report, and the table that says what became of it."""
