locals {
  name = "${var.platform.name_prefix}-${var.role}"

  # The Scheduler looks for the keyword in the text as it is written, and jsonencode would write < as \u003c.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
  input = "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
}

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "SchedulerRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.platform.account_id]
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "InvokeTheFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function.alias_arn]
  }

  dynamic "statement" {
    for_each = var.failures[*]

    content {
      sid       = "KeepRunsThatCouldNotBeStarted"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value.arn]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = "${local.name}-schedule-${var.platform.region}"
  path                 = var.platform.role_path
  permissions_boundary = var.platform.permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  tags                 = merge(var.platform.tags, { service = var.role })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "invoke"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_scheduler_schedule" "this" {
  name                         = local.name
  description                  = "Runs ${var.role}."
  schedule_expression          = var.expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.function.alias_arn
    role_arn = aws_iam_role.this.arn
    input    = local.input

    # Starting the function, that is: what fails once it runs is the function's own matter.
    retry_policy {
      maximum_event_age_in_seconds = var.give_up_after_seconds
      maximum_retry_attempts       = 185
    }

    dynamic "dead_letter_config" {
      for_each = var.failures[*]

      content {
        arn = dead_letter_config.value.arn
      }
    }
  }
}
