"""Queues as a function meets them: its worker and what that makes of a hopeless message, a sender, a model of load."""
