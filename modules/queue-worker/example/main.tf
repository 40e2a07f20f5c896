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

locals {
  consumer = { role = "order-keeper", timeout_seconds = 60 }
}

module "function" {
  source = "../../lambda-function"

  platform        = local.platform
  role            = local.consumer.role
  timeout_seconds = local.consumer.timeout_seconds

  code = {
    bucket       = "acme-artifacts-123456789012-eu-west-1"
    s3_key       = "lambda/order-keeper/3f2a.zip"
    key          = "3f2a"
    handler      = "order_keeper.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
}

module "queue" {
  source = "../"

  platform            = local.platform
  role                = "orders"
  consumer            = local.consumer
  function            = module.function.function
  maximum_concurrency = 5
  fifo                = { deduplicate_by_content = true }
}
