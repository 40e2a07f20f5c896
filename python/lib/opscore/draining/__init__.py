"""Draining of container instances: no host goes before its last task has stopped, or a deadline's policy said so.

`decision` is pure: facts in, decision and reason out. `tick` (one look at a cluster), `intake` (events) and `sweep`
(what events lost) are the drivers around it; everything they know between two calls lies in the record (`store`), so
that each of them may die at any moment and be started again.
"""
