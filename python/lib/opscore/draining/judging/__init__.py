"""Judging: facts about a draining host in, a decision with its reason out. No client, no clock."""
