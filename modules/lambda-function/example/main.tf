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
    log_retention_days = 30
    alarm_topic_arns   = []
  }
}

module "function" {
  source = "../"

  platform        = local.platform
  role            = "order-keeper"
  timeout_seconds = 60

  code = {
    bucket       = "acme-artifacts-123456789012-eu-west-1"
    s3_key       = "lambda/order-keeper/3f2a.zip"
    key          = "3f2a"
    handler      = "order_keeper.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }

  environment = { ORDERS_TABLE = "acme-prod-orders" }

  statements = {
    KeepOrders = {
      actions   = ["dynamodb:PutItem"]
      resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/acme-prod-orders"]
    }
  }
}
