"""Replays: what was asked, the plan, the run with its canaries or SQS's own move task, and the undo."""
