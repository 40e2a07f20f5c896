"""What replaces hosts: the instance refresh of a group, and the update of a stack."""
