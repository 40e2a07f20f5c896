locals {
  kinds = {
    functions      = var.parts[*].functions
    queues         = var.parts[*].queues
    state_machines = var.parts[*].state_machines
    tables         = var.parts[*].tables
    buckets        = var.parts[*].buckets
    fleets         = var.parts[*].fleets
  }

  # Roles that two parts claim: the second would silently hide the first.
  claimed_twice = flatten([
    for kind, maps in local.kinds : [
      for role in distinct(flatten([for map in maps : keys(map)])) :
      "${kind} ${role}" if length([for map in maps : map if contains(keys(map), role)]) > 1
    ]
  ])

  consumers_unknown = [
    for role, queue in merge(var.parts[*].queues...) :
    "${role} (${queue.consumer})" if !contains(keys(merge(var.parts[*].functions...)), queue.consumer)
  ]

  stack = {
    schema_version = 1
    project        = var.project
    environment    = var.environment
    account_id     = var.account_id
    region         = var.region
    functions      = merge(var.parts[*].functions...)
    queues         = merge(var.parts[*].queues...)
    state_machines = merge(var.parts[*].state_machines...)
    tables         = merge(var.parts[*].tables...)
    buckets        = merge(var.parts[*].buckets...)
    fleets         = merge(var.parts[*].fleets...)
  }

  # A standard parameter holds 4 KB, which about 40 services fill: from there on the text is compressed. 80 services with
  # a queue each are 18 KB as JSON and 2 KB compressed. An advanced parameter holds 8 KB.
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
  standard_bytes = 4096
  advanced_bytes = 8192

  json = jsonencode(local.stack)
  text = length(local.json) <= local.standard_bytes ? local.json : base64gzip(local.json)
}

resource "aws_ssm_parameter" "this" {
  name           = "/${var.project}/${var.environment}/stack"
  description    = "What the platform consists of, by role; opsctl reads it."
  type           = "String"
  tier           = length(local.text) <= local.standard_bytes ? "Standard" : "Advanced"
  insecure_value = local.text

  lifecycle {
    precondition {
      condition     = length(local.claimed_twice) == 0
      error_message = "Two parts of the stack use the same role: ${join(", ", local.claimed_twice)}. Rename one of them."
    }

    precondition {
      condition     = length(local.consumers_unknown) == 0
      error_message = "These queues name a consumer that is no function of the stack: ${join(", ", local.consumers_unknown)}."
    }

    precondition {
      condition     = length(local.text) <= local.advanced_bytes
      error_message = "The stack description has ${length(local.text)} bytes compressed and an SSM parameter holds ${local.advanced_bytes}: split the stack into two environments."
    }
  }
}
