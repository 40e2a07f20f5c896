"""A clone of the project on this machine: its places, and the record of the process that runs its sandbox."""
