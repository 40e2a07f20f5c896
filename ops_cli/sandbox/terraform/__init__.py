"""How Terraform makes the platform in the sandbox: deployment, lock, apply, and what was applied."""
