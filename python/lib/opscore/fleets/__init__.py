"""Fleets: what an Auto Scaling group and its container instances are right now."""
