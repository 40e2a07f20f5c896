# The state of this root lies in the very bucket it makes: `opsctl deploy bootstrap` applies it with a local state first
# and moves that state into the bucket.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
