# `terraform init && terraform plan` here shows what the module finds.

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

module "default_subnets" {
  source = "../"

  instance_types = ["m6i.large"]
}
