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
    partition          = "aws"
    region             = "eu-west-1"
    account_id         = "123456789012"
    log_retention_days = 30
    alarm_topic_arns   = []
  }
}

module "report_request" {
  source = "../"

  platform       = local.platform
  reports_bucket = { name = "acme-prod-reports", arn = "arn:aws:s3:::acme-prod-reports" }
  accounts_table = { name = "acme-prod-accounts", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-prod-accounts" }
  reports_table  = { name = "acme-prod-report-states", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-prod-report-states" }
  report_queue = {
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests"
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
  }

  code = {
    bucket       = "acme-artifacts-123456789012-eu-west-1"
    s3_key       = "lambda/report-request/3f2a.zip"
    key          = "3f2a"
    handler      = "report_request.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
}
