# `terraform init && terraform plan` here shows what the module makes.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

locals {
  platform = {
    name_prefix   = "acme-prod"
    region        = "eu-west-1"
    account_id    = "123456789012"
    force_destroy = false
  }
}

module "exports_bucket" {
  source = "../"

  platform                = local.platform
  role                    = "exports"
  noncurrent_version_days = 30
  prefix_expiration_days  = { "scratch/" = 1 }
}
