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

module "alerts" {
  source = "../"

  platform = { name_prefix = "acme-prod", account_id = "123456789012" }
  emails   = ["on-call@example.com"]
}
