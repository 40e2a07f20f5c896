"""The emulator of one clone: its process from start to stop, its port, its checkpoints, and where others run."""
