"""Proofs: where a number comes from, whether it holds, and what changed between two reports."""
