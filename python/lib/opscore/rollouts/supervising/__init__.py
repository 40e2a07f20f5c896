"""The supervisor: it reads a fleet's health, drives its engine, and looks again until the roll-out is over."""
