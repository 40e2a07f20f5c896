"""The sandbox: the whole platform on this machine, over an embedded AWS emulator."""
