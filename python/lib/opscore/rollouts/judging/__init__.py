"""What to do about a roll-out: what a look found, whose turn it is, which gates hold, and the judge; all of it pure."""
