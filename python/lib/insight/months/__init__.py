"""Months: the ledger of the reports a month owes, the survey of how they stand, and the effect of late data."""
