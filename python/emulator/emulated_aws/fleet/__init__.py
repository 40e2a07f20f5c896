"""A fleet that lives in the emulator: groups launch instances, instances register, tasks are placed, drained, killed.

README.md in this folder says what is modelled after which AWS page, and what is refused. The decisions are pure
modules (placement, lifecycle_hooks, scale_in, refresh_plan, service_plan, rolling_plan, token_bucket,
query_language); the others carry them out on the emulator's own records, so that groups and services made through
the API, by Terraform or by CloudFormation are the same to them.
"""
