terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { project = "acme", environment = "prod" }
  }
}

locals {
  platform = {
    name_prefix        = "acme-prod"
    partition          = "aws"
    region             = "eu-west-1"
    account_id         = "000000000000"
    log_retention_days = 30
  }
}

module "default_subnets" {
  source = "../modules/default-subnets"

  instance_types = ["m6i.large", "m5.large"]
}

module "fleet" {
  source = "../modules/ecs-fleet"

  platform         = local.platform
  role             = "web"
  minimum_size     = 2
  maximum_size     = 4
  subnet_ids       = module.default_subnets.ids
  session_manager  = true
  managed_draining = true
  spot             = { instance_types = ["m5.large"], on_demand_base = 1 }
}

module "service" {
  source = "../modules/ecs-service"

  platform       = local.platform
  fleet          = { role = "web", cluster_arn = module.fleet.cluster.arn, capacity_provider = module.fleet.cluster.capacity_provider }
  role           = "editor"
  image          = "nginx"
  container_port = 8080
  environment    = { STAGE = "prod", LEVEL = "info" }
  secrets        = { API_KEY = "arn:aws:ssm:eu-west-1:000000000000:parameter/editor/api-key" }
  health_check   = { command = ["CMD-SHELL", "exit 0"] }
  statements = {
    ReadDocuments = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::acme-documents/*"] }
  }
}
