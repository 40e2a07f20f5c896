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

module "ecs_drain" {
  source = "../../ecs-drain"

  platform = local.platform

  code = {
    bucket       = "acme-artifacts-123456789012-eu-west-1"
    s3_key       = "lambda/ecs-drain/3f2a.zip"
    key          = "3f2a"
    handler      = "ecs_drain.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }

  fleets = {
    acme-prod-web = {
      cluster                   = "acme-prod-web"
      hook                      = "opsctl-drain"
      deadline_seconds          = 3600
      at_deadline               = "keep"
      standalone                = "wait"
      stop_after_seconds        = 900
      heartbeat_timeout_seconds = 1800
    }
  }
}

module "web_fleet" {
  source = "../"

  platform     = local.platform
  role         = "web"
  minimum_size = 3
  maximum_size = 12
  subnet_ids   = ["subnet-0a", "subnet-0b", "subnet-0c"]

  drain = {
    ready                     = module.ecs_drain.ready
    function                  = module.ecs_drain.function
    hook                      = "opsctl-drain"
    heartbeat_timeout_seconds = 1800
    deadline_seconds          = 3600
    at_deadline               = "keep"
  }
}
