mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = {
    name_prefix        = "acme-prod"
    region             = "eu-west-1"
    account_id         = "123456789012"
    log_retention_days = 30
    alarm_topic_arns   = []
  }
  code = {
    bucket       = "acme-artifacts"
    s3_key       = "lambda/report-month/abc123.zip"
    key          = "abc123"
    handler      = "report_month.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
  reports_bucket = { name = "acme-reports", arn = "arn:aws:s3:::acme-reports" }
  reports_table  = { name = "acme-report-states", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states" }
  accounts_table = { name = "acme-accounts", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-accounts" }
  report_queue = {
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-report-requests"
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-report-requests"
  }
}

run "the_service_is_known_by_its_role" {
  command = plan

  assert {
    condition     = output.stack.functions["report-month"].name == "acme-prod-report-month"
    error_message = "The stack description must get the function by its role."
  }
}

run "the_role_may_do_what_the_handler_does_and_no_more" {
  command = plan

  assert {
    condition = output.permissions == {
      QueueReportRequests                 = "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-report-requests"
      TrackReports                        = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states"
      TellMissingLedgersFromForbiddenOnes = "s3:ListBucket arn:aws:s3:::acme-reports if s3:prefix months/*"
      KeepLedgers                         = "s3:GetObject s3:PutObject arn:aws:s3:::acme-reports/months/*"
      ListAccounts                        = "dynamodb:GetItem dynamodb:Scan arn:aws:dynamodb:eu-west-1:123456789012:table/acme-accounts"
      WriteOwnLogs                        = "logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"
      WriteTraces                         = "xray:PutTelemetryRecords xray:PutTraceSegments *"
    }
    error_message = "The function's permissions changed: is that what its handler needs?"
  }
}

run "errors_and_throttles_have_an_alarm" {
  command = plan

  assert {
    condition     = toset(output.alarm_names) == toset(["acme-prod-report-month-errors", "acme-prod-report-month-throttles"])
    error_message = "Errors and throttles must each have an alarm: a run that could not send every request fails."
  }
}

run "a_patience_shorter_than_a_delivery_is_refused" {
  command = plan
  variables {
    patience_seconds = 30
  }
  expect_failures = [var.patience_seconds]
}

run "a_month_is_opened_when_it_is_over_in_every_zone" {
  command = plan

  assert {
    condition     = output.schedule.expression == "cron(0 6 2 * ? *)"
    error_message = "The last zone's month is over at noon UTC of day 1; late events are given the night."
  }
}

run "a_run_that_failed_for_good_is_kept" {
  command = plan

  variables {
    failures = { arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-scheduled-failures" }
  }

  assert {
    condition     = output.permissions["ReportFailedInvocations"] == "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-prod-scheduled-failures"
    error_message = "The function must be allowed to report what failed."
  }
}
