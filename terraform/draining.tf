locals {
  drained_fleets = { for role, fleet in var.fleets : role => fleet if fleet.drain }
  drain_hook     = "opsctl-drain"

  fleet_services = merge([
    for fleet_role, fleet in var.fleets : {
      for role, service in fleet.services : "${fleet_role}/${role}" => merge(service, { fleet = fleet_role, role = role })
    }
  ]...)
}

# Asked for only where a fleet names no subnets: an account may have no default VPC.
module "default_subnets" {
  source   = "../modules/default-subnets"
  for_each = { for role, fleet in var.fleets : role => fleet if fleet.subnet_ids == null }

  instance_types = distinct(concat([each.value.instance_type], try(each.value.spot.instance_types, [])))
}

# Named from the fleets' roles, never from their groups: each group waits for the drain, so that it is destroyed first.
module "ecs_drain" {
  source = "../modules/ecs-drain"
  count  = length(local.drained_fleets) > 0 ? 1 : 0

  platform = local.platform
  code     = local.code["ecs-drain"]
  failures = module.failures.queue

  fleets = {
    for role, fleet in local.drained_fleets : "${local.platform.name_prefix}-${role}" => {
      cluster                   = "${local.platform.name_prefix}-${role}"
      hook                      = local.drain_hook
      deadline_seconds          = fleet.deadline_seconds
      at_deadline               = fleet.at_deadline
      standalone                = fleet.standalone
      stop_after_seconds        = fleet.stop_after_seconds
      heartbeat_timeout_seconds = fleet.heartbeat_timeout_seconds
    }
  }
}

module "fleet" {
  source   = "../modules/ecs-fleet"
  for_each = var.fleets

  platform           = local.platform
  role               = each.key
  instance_type      = each.value.instance_type
  image_parameter    = each.value.image_parameter
  minimum_size       = each.value.minimum_size
  maximum_size       = each.value.maximum_size
  subnet_ids         = each.value.subnet_ids != null ? each.value.subnet_ids : module.default_subnets[each.key].ids
  security_group_ids = each.value.security_group_ids
  managed_draining   = each.value.managed_draining
  managed_scaling    = each.value.managed_scaling
  spot               = each.value.spot
  session_manager    = each.value.session_manager

  drain = !each.value.drain ? null : {
    ready                     = module.ecs_drain[0].ready
    function                  = module.ecs_drain[0].function
    hook                      = local.drain_hook
    heartbeat_timeout_seconds = each.value.heartbeat_timeout_seconds
    deadline_seconds          = each.value.deadline_seconds
    at_deadline               = each.value.at_deadline
  }
}

module "fleet_service" {
  source   = "../modules/ecs-service"
  for_each = local.fleet_services

  platform = local.platform
  role     = each.value.role
  fleet = {
    role              = each.value.fleet
    cluster_arn       = module.fleet[each.value.fleet].cluster.arn
    capacity_provider = module.fleet[each.value.fleet].cluster.capacity_provider
  }

  image                   = each.value.image
  command                 = each.value.command
  daemon                  = each.value.daemon
  desired_count           = each.value.desired_count
  cpu_units               = each.value.cpu_units
  memory_mb               = each.value.memory_mb
  container_port          = each.value.container_port
  stop_timeout_seconds    = each.value.stop_timeout_seconds
  minimum_healthy_percent = each.value.minimum_healthy_percent
  maximum_percent         = each.value.maximum_percent
  environment             = each.value.environment
  secrets                 = each.value.secrets
  secret_key_arns         = each.value.secret_key_arns
  statements              = each.value.statements
  load_balancer           = each.value.load_balancer
  health_check            = each.value.health_check
  scaling                 = each.value.scaling
}
