# Bucket, key and region come from `opsctl deploy bootstrap`.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
