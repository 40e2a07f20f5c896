# Bucket, key and region come from `opsctl deploy` (terraform/bootstrap makes the bucket). The lock is a file beside the
# state, so no table is needed.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
