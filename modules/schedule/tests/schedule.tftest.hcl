mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform   = { name_prefix = "acme-prod" }
  role       = "report-month"
  expression = "cron(0 6 2 * ? *)"
  function   = { alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-report-month:live" }
}

run "the_function_is_given_the_scheduled_time_and_no_clock_change_matters" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression_timezone == "UTC" && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    error_message = "The schedule must run in UTC, at its time."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].input == "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "The keyword must stand in the input as the Scheduler looks for it, with its angle brackets."
  }
}

run "the_schedule_may_invoke_that_function_and_nothing_else" {
  command = plan

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement).resources == toset([var.function.alias_arn]) && one(data.aws_iam_policy_document.this.statement).actions == toset(["lambda:InvokeFunction"])
    error_message = "The schedule's role may invoke the alias of its function only."
  }
}

run "an_expression_of_another_form_is_refused" {
  command = plan
  variables {
    expression = "every day"
  }
  expect_failures = [var.expression]
}
