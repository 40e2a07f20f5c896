mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform   = { name_prefix = "acme-prod", region = "eu-west-1", account_id = "123456789012" }
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

run "two_regions_of_an_account_have_roles_of_their_own" {
  command = plan

  assert {
    condition     = aws_iam_role.this.name == "acme-prod-report-month-schedule-eu-west-1"
    error_message = "IAM is global: the role's name must carry the region."
  }
}

run "only_schedules_of_this_account_may_take_the_role" {
  command = plan

  assert {
    condition     = one(one(data.aws_iam_policy_document.assume.statement).condition).variable == "aws:SourceAccount" && one(one(data.aws_iam_policy_document.assume.statement).condition).values == tolist(["123456789012"])
    error_message = "The Scheduler works for every account: the role must be refused to the others."
  }
}

run "a_role_name_over_the_limit_of_64_characters_is_refused" {
  command = plan
  variables {
    role = "report-month-in-the-zones-of-the-pacific"
  }
  expect_failures = [var.role]
}

run "a_run_that_could_not_be_started_for_six_hours_is_kept" {
  command = plan

  variables {
    failures = { arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-scheduled-failures" }
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == var.failures.arn && aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 21600
    error_message = "The Scheduler must give up after six hours, into the queue."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[1].actions == toset(["sqs:SendMessage"]) && data.aws_iam_policy_document.this.statement[1].resources == toset([var.failures.arn])
    error_message = "The schedule's role must be allowed to send to the queue."
  }
}

run "trying_for_more_than_a_day_is_refused" {
  command = plan
  variables {
    give_up_after_seconds = 86401
  }
  expect_failures = [var.give_up_after_seconds]
}
