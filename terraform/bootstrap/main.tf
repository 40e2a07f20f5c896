# What an account needs once, before its first environment: a bucket for Terraform's state and one for the functions' zips.

provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project = var.project
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  platform = {
    name_prefix   = var.project
    region        = var.region
    account_id    = data.aws_caller_identity.current.account_id
    force_destroy = false
  }
}

# This root's own state lies in the state bucket, so the bucket comes first: `opsctl deploy bootstrap` makes it, empty, and
# it is adopted here.
import {
  to = module.state_bucket.aws_s3_bucket.this
  id = "${var.project}-state-${data.aws_caller_identity.current.account_id}-${var.region}"
}

module "state_bucket" {
  source = "../../modules/private-bucket"

  platform                = local.platform
  role                    = "state"
  noncurrent_version_days = 90
}

# Zips are never overwritten (their names are hashes) and never expire: an older one is what a roll-back needs. One that
# somebody deleted can be restored for as long as a state.
module "artifacts_bucket" {
  source = "../../modules/private-bucket"

  platform                = local.platform
  role                    = "artifacts"
  noncurrent_version_days = 90
}
