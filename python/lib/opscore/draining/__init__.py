"""Draining of container instances: no host goes before its last task has stopped, or a deadline's policy said so.

`judging` is pure: facts in, decision and reason out. `function` acts on it, from events, at each tick, and in a sweep
that finds what events lost. All they know between two calls lies in the `record` of a drain, so that each of them may
die at any moment and be started again. `aws` has the calls they make, `operator` what a person at a prompt needs.
"""
