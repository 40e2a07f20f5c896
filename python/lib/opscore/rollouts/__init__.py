"""A new image comes to fleets: chosen and checked, planned and proved, published, rolled, watched, taken back."""
