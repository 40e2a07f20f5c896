"""EC2: machines of known types, the images and launch templates that they start from, and how they are listed."""
