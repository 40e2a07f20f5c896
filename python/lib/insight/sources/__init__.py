"""Where numbers come from: accounts and their members, usage events in files, and a made-up population of both."""
