locals {
  rule_names = {
    terminations = "${local.name}-terminations"
    spot-notices = "${local.name}-spot-notices"
  }

  patterns = {
    terminations = {
      source      = ["aws.autoscaling"]
      detail-type = ["EC2 Instance-terminate Lifecycle Action"]
      detail      = { AutoScalingGroupName = keys(var.fleets) }
    }
    # The notice names no group; the function asks for it.
    spot-notices = {
      source      = ["aws.ec2"]
      detail-type = ["EC2 Spot Instance Interruption Warning"]
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.patterns

  name          = local.rule_names[each.key]
  description   = "What ${local.consumer.role} hears of: ${each.key}."
  event_pattern = jsonencode(each.value)
  tags          = { service = local.consumer.role }
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "queue"
  arn       = module.queue.queue.arn

  dead_letter_config {
    arn = module.queue.queue.dead_letter_arn
  }
}

# Events are delivered at best, as far as AWS says: this finds instances that wait without anybody knowing.
resource "aws_cloudwatch_event_rule" "sweep" {
  name                = "${local.name}-sweep"
  description         = "Finds terminating instances whose event was lost, and pollers that died."
  schedule_expression = "rate(1 minute)"
  tags                = { service = local.consumer.role }
}

resource "aws_cloudwatch_event_target" "sweep" {
  rule      = aws_cloudwatch_event_rule.sweep.name
  target_id = "function"
  arn       = module.function.function.alias_arn
  input     = jsonencode({ sweep = true })

  # Late, a sweep is worth nothing: there is one a minute.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }

  dynamic "dead_letter_config" {
    for_each = var.failures[*]

    content {
      arn = dead_letter_config.value.arn
    }
  }
}

resource "aws_lambda_permission" "sweep" {
  statement_id  = "SweepOnSchedule"
  action        = "lambda:InvokeFunction"
  function_name = module.function.function.name
  qualifier     = "live"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.sweep.arn
}
