# No endpoints and no credentials here: the environment decides (AWS_PROFILE, AWS_ENDPOINT_URL), so that an emulator gets
# the very configuration that AWS gets.
provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = merge(var.account_rules.tags, {
      project     = var.project
      environment = var.environment
    })
  }
}
