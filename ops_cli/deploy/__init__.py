"""Bring the platform into an account: push what was built, then plan, apply and destroy with Terraform."""
