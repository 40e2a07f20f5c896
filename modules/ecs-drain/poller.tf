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

  tags = { service = local.consumer.role }

  lifecycle {
    precondition {
      condition     = length(jsonencode(var.fleets)) <= 3500
      error_message = "The fleets take ${length(jsonencode(var.fleets))} bytes of the 4 KB that a function's environment holds: split the stack into two environments."
    }
  }
}

data "aws_iam_policy_document" "assume_poller" {
  statement {
    sid     = "StepFunctionsRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "poller" {
  statement {
    sid       = "LookAtClusters"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function.function.alias_arn]
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
