locals {
  consumer = {
    role = "ecs-drain"
    # 500 hosts that end at once take about 1,500 calls.
    timeout_seconds = 120
  }

  name       = "${var.platform.name_prefix}-${local.consumer.role}"
  arn_suffix = "${var.platform.region}:${var.platform.account_id}"

  # From the names: nothing here may wait for a group, because every group waits for what is here.
  poller_arn = "arn:${var.platform.partition}:states:${local.arn_suffix}:stateMachine:${local.name}-poller"
  group_arns = [
    for group in keys(var.fleets) :
    "arn:${var.platform.partition}:autoscaling:${local.arn_suffix}:autoScalingGroup:*:autoScalingGroupName/${group}"
  ]

  ecs_arn  = "arn:${var.platform.partition}:ecs:${local.arn_suffix}"
  clusters = distinct([for fleet in values(var.fleets) : fleet.cluster])

  keeping = {
    KeepHostsAtTheDeadline = {
      actions   = ["autoscaling:UpdateAutoScalingGroup"]
      resources = local.group_arns
    }
  }

  keeps_hosts = anytrue([for fleet in values(var.fleets) : fleet.at_deadline == "keep" || fleet.standalone == "keep"])
}

module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = local.consumer.role
  code            = var.code
  timeout_seconds = local.consumer.timeout_seconds
  memory_mb       = 512
  on_failure      = var.failures == null ? null : { destination_arn = var.failures.arn }

  environment = {
    STACK              = var.platform.name_prefix
    FLEETS             = jsonencode(var.fleets)
    DRAINS_TABLE       = aws_dynamodb_table.drains.name
    DRAIN_QUEUE_URL    = module.queue.queue.url
    POLLER_ARN         = local.poller_arn
    RETRY_BASE_SECONDS = 5
  }

  statements = merge(
    {
      KeepRecordsOfDrains = {
        actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.drains.arn, "${aws_dynamodb_table.drains.arn}/index/*"]
      }
      FindHosts = {
        actions   = ["ecs:ListContainerInstances"]
        resources = [for cluster in local.clusters : "${local.ecs_arn}:cluster/${cluster}"]
      }
      DrainHosts = {
        actions   = ["ecs:DescribeContainerInstances", "ecs:ListTasks", "ecs:UpdateContainerInstancesState"]
        resources = [for cluster in local.clusters : "${local.ecs_arn}:container-instance/${cluster}/*"]
      }
      # Without a container instance the action knows no resource, only its cluster.
      FindTasksThatDied = {
        actions      = ["ecs:ListTasks"]
        any_resource = true
        conditions   = [{ test = "ArnEquals", variable = "ecs:cluster", values = [for cluster in local.clusters : "${local.ecs_arn}:cluster/${cluster}"] }]
      }
      WatchAndStopTasks = {
        actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
        resources = [for cluster in local.clusters : "${local.ecs_arn}:task/${cluster}/*"]
      }
      SeeWhatBlocks = {
        actions   = ["ecs:DescribeServices"]
        resources = [for cluster in local.clusters : "${local.ecs_arn}:service/${cluster}/*"]
      }
      KeepHooksAsTheirFleetsSay = {
        actions   = ["autoscaling:PutLifecycleHook"]
        resources = local.group_arns
      }
      HoldAndReleaseTerminations = {
        actions   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
        resources = local.group_arns
      }
      # Their describing actions know no resource.
      FindInstances = {
        actions      = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLifecycleHooks", "ec2:DescribeInstances"]
        any_resource = true
      }
      CountForAlarms = {
        actions      = ["cloudwatch:PutMetricData"]
        any_resource = true
        conditions   = [{ test = "StringEquals", variable = "cloudwatch:namespace", values = [local.namespace] }]
      }
      StartPollers = {
        actions   = ["states:StartExecution"]
        resources = [local.poller_arn]
      }
    },
    { for sid, statement in local.keeping : sid => statement if local.keeps_hosts },
  )
}

module "queue" {
  source = "../queue-worker"

  platform        = var.platform
  role            = "drain-events"
  consumer        = local.consumer
  function        = module.function.function
  event_rule_arns = [for name in values(local.rule_names) : "arn:${var.platform.partition}:events:${local.arn_suffix}:rule/${name}"]

  # Ten events become few calls; two batches at a time leave the rest of the account's concurrency alone.
  batch_size          = 10
  maximum_concurrency = 2
}
