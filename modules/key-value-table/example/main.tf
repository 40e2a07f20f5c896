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
    force_destroy = false
  }
}

module "orders_table" {
  source = "../"

  platform = local.platform
  role     = "orders"
  key      = "order_id"
  index    = { name = "by-customer", key = "customer" }
}
