# One execution for each cluster that drains. The function says when it is over, and hands over to a fresh execution long
# before this one's history is full.
resource "aws_sfn_state_machine" "poller" {
  name     = "${local.name}-poller"
  role_arn = aws_iam_role.poller.arn

  definition = jsonencode({
    Comment = "Looks at a cluster every 15 seconds while any of its hosts drains."
    StartAt = "Wait"
    States = {
      Wait = { Type = "Wait", Seconds = 15, Next = "Look" }
      Look = {
        Type       = "Task"
        Resource   = "arn:${var.platform.partition}:states:::lambda:invoke"
        Parameters = { FunctionName = module.function.function.alias_arn, "Payload.$" = "$" }
        OutputPath = "$.Payload"
        Retry      = [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 2, MaxAttempts = 2, BackoffRate = 2 }]
        # A look that failed is no reason to stop looking: the function's own alarm tells people.
        Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.error", Next = "Wait" }]
        Next  = "Over"
      }
      Over = {
        Type    = "Choice"
        Choices = [{ Variable = "$.done", BooleanEquals = true, Next = "End" }]
        Default = "Wait"
      }
      End = { Type = "Succeed" }
    }
  })

  # What the function logs says nothing of an execution that could not call it, or that AWS ended.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.poller.arn}:*"
  }

  tags = { service = local.consumer.role }

  # AWS looks at once whether the role may deliver logs.
  depends_on = [aws_iam_role_policy.poller]

  lifecycle {
    precondition {
      condition     = length(jsonencode(var.fleets)) <= 3500
      error_message = "The fleets take ${length(jsonencode(var.fleets))} bytes of the 4 KB that a function's environment holds: split the stack into two environments."
    }
  }
}

# AWS's own prefix: log groups of other names need a resource policy each, whose size is limited.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
resource "aws_cloudwatch_log_group" "poller" {
  name              = "/aws/vendedlogs/states/${local.name}-poller"
  retention_in_days = var.platform.log_retention_days
  tags              = { service = local.consumer.role }
}

data "aws_iam_policy_document" "assume_poller" {
  statement {
    sid     = "StepFunctionsRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.platform.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.poller_arn]
    }
  }
}

data "aws_iam_policy_document" "poller" {
  statement {
    sid       = "LookAtClusters"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function.function.alias_arn]
  }

  # These actions know no resource: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "DeliverOwnLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:CreateLogStream",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutLogEvents",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "poller" {
  name                 = "${local.name}-poller-${var.platform.region}"
  path                 = var.platform.role_path
  permissions_boundary = var.platform.permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.assume_poller.json
  tags                 = merge(var.platform.tags, { service = local.consumer.role })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "poller" {
  name   = "own-work"
  role   = aws_iam_role.poller.name
  policy = data.aws_iam_policy_document.poller.json
}
