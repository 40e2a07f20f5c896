"""The emulator, mended where the platform relies on AWS behaving as AWS documents.

One module per thing mended; each names the AWS pages it models, and what it does not model. What is not modelled is
refused by name where the emulator would pretend. The private names of the emulator that are used here are listed in
one test, which fails when another version of it lacks one.
"""
