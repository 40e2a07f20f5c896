"""Looks after a month: asks again for reports that got lost, and anew for those that late data has changed."""
