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
    force_destroy      = false
    log_retention_days = 30
    alarm_topic_arns   = []
  }
}

module "web_fleet" {
  source = "../../ecs-fleet"

  platform         = local.platform
  role             = "web"
  maximum_size     = 6
  subnet_ids       = ["subnet-0a", "subnet-0b"]
  managed_draining = true
}

module "editor" {
  source = "../"

  platform       = local.platform
  fleet          = { role = "web", cluster_arn = module.web_fleet.cluster.arn }
  role           = "editor"
  image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/editor:1.42"
  desired_count  = 4
  memory_mb      = 512
  container_port = 8080
}
