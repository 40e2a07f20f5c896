"""What hosts are launched from: versions of a launch template, and change sets of a stack."""
