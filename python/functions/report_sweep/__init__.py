"""Sweeps a month: asks again for reports that were lost, and for a new generation of those that late data changed."""
