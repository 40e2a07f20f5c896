"""For the operator: the list of drains, the wait for one, and the rehearsal of one before it begins."""
