"""Systems Manager's Parameter Store: AWS's public parameters, and what the emulator leaves out of one's own."""
