"""Proofs: where a number comes from, whether it holds, and what moved between two reports."""
