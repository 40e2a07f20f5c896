"""CloudFormation: the groups of a stack, and the rolling update that its policy plans."""
