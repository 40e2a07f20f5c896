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
    name_prefix        = "acme-prod"
    region             = "eu-west-1"
    account_id         = "123456789012"
    log_retention_days = 30
    alarm_topic_arns   = []
  }
}

module "function" {
  source = "../../lambda-function"

  platform = local.platform
  role     = "nightly-check"

  code = {
    bucket       = "acme-artifacts-123456789012-eu-west-1"
    s3_key       = "lambda/nightly-check/3f2a.zip"
    key          = "3f2a"
    handler      = "nightly_check.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
}

module "schedule" {
  source = "../"

  platform   = local.platform
  role       = "nightly-check"
  expression = "cron(0 3 * * ? *)"
  function   = module.function.function
}
