"""Dead letters: see them without disturbing them, learn why they died, and send them back without losing one.

The names follow the SQS developer guide. Clients, clocks and sleeps come in as arguments.
"""
