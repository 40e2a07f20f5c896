"""Sending: which dead letters are sent, where each belongs, and as what it arrives there."""
