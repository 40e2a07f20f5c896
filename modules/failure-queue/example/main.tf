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
    name_prefix      = "acme-prod"
    partition        = "aws"
    region           = "eu-west-1"
    account_id       = "123456789012"
    alarm_topic_arns = []
  }
}

module "failures" {
  source = "../"

  platform = local.platform
}
