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

module "stack_description" {
  source = "../"

  project     = "acme"
  environment = "prod"
  account_id  = "123456789012"
  region      = "eu-west-1"

  parts = [
    {
      functions = { order-keeper = { name = "acme-prod-order-keeper" } }
      queues    = { orders = { name = "acme-prod-orders", dead_letter = "acme-prod-orders-dead-letter", consumer = "order-keeper" } }
    },
  ]
}
