"""Months: the survey of one month's reports, the ledger of what it owes, and what late data changes."""
