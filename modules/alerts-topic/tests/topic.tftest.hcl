mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = { name_prefix = "acme-prod", account_id = "123456789012" }
}

run "alarms_can_publish_because_the_topic_has_no_key_of_aws" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.name == "acme-prod-alerts" && aws_sns_topic.this.kms_master_key_id == null
    error_message = "With alias/aws/sns no alarm of CloudWatch would arrive."
  }
}

run "cloudwatch_and_eventbridge_may_publish_for_this_account_only" {
  command = plan

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.this.statement :
      "${statement.sid} ${one(one(statement.principals).identifiers)} ${one(one(statement.condition).values)}" if statement.effect != "Deny"
      ] == [
      "TakeAlarms cloudwatch.amazonaws.com 123456789012",
      "TakeEvents events.amazonaws.com 123456789012",
    ]
    error_message = "Alarms and events of this account, and of no other, may come here."
  }
}

run "nobody_is_subscribed_unasked" {
  command = plan

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "No mailbox may be told without being named."
  }
}

run "every_mailbox_named_is_told_by_mail" {
  command = plan

  variables {
    emails = ["on-call@example.com", "head@example.com"]
  }

  assert {
    condition     = alltrue([for email, one in aws_sns_topic_subscription.email : one.protocol == "email" && one.endpoint == email]) && length(aws_sns_topic_subscription.email) == 2
    error_message = "Each mailbox must be subscribed."
  }
}

run "a_mailbox_that_is_no_address_is_refused" {
  command = plan
  variables {
    emails = ["on-call"]
  }
  expect_failures = [var.emails]
}

run "a_mailbox_named_twice_is_refused" {
  command = plan
  variables {
    emails = ["on-call@example.com", "on-call@example.com"]
  }
  expect_failures = [var.emails]
}
