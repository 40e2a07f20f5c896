output "state_bucket" {
  description = "Bucket that holds Terraform's states."
  value       = module.state_bucket.bucket.name
}

output "artifacts_bucket" {
  description = "Bucket that the functions' zips are pushed to."
  value       = module.artifacts_bucket.bucket.name
}
