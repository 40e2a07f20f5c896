"""The image of a roll-out: what the operator typed, which image that is, whether the fleet can run it, how old it is.

`reference` reads what was typed, `catalogue` reads AWS (and `keys` KMS), `choice` picks one image. `suitability` says
what is against it, with the help of `booting` and `volumes`. `survey` reads many fleets, and `ages` compares what runs
with what there is. `examination` does it all for one fleet: what a plan needs of this room.
"""
