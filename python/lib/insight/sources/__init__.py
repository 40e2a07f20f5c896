"""Sources of the numbers: accounts and their members, usage events in files, and a made-up population of both."""
