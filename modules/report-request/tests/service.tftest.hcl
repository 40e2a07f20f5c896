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
    s3_key       = "lambda/report-request/abc123.zip"
    key          = "abc123"
    handler      = "report_request.handler.handle"
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
    condition     = output.function.role == "report-request" && output.stack.functions["report-request"].name == "acme-prod-report-request"
    error_message = "The stack description must get the function by its role."
  }
}

run "the_role_may_do_what_the_handler_does_and_no_more" {
  command = plan

  assert {
    condition = output.permissions == {
      QueueReportRequests     = "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-report-requests"
      LookUpAccounts          = "dynamodb:GetItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-accounts"
      RecordRequests          = "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states"
      SeeWhichReportsThereAre = "s3:ListBucket arn:aws:s3:::acme-reports if s3:prefix reports/*"
      WriteOwnLogs            = "logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"
      WriteTraces             = "xray:PutTelemetryRecords xray:PutTraceSegments *"
    }
    error_message = "The request function's permissions changed: is that what its handler needs?"
  }
}

run "errors_and_throttles_have_an_alarm" {
  command = plan

  assert {
    condition     = toset(output.alarm_names) == toset(["acme-prod-report-request-errors", "acme-prod-report-request-throttles"])
    error_message = "Errors and throttles must each have an alarm."
  }
}

run "a_period_of_no_days_is_refused" {
  command = plan
  variables {
    maximum_period_days = 0
  }
  expect_failures = [var.maximum_period_days]
}

run "a_format_that_no_report_has_is_refused" {
  command = plan
  variables {
    formats = ["csv", "docx"]
  }
  expect_failures = [var.formats]
}
