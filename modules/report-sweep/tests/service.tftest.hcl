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
    s3_key       = "lambda/report-sweep/abc123.zip"
    key          = "abc123"
    handler      = "report_sweep.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
  reports_bucket      = { name = "acme-reports", arn = "arn:aws:s3:::acme-reports" }
  reports_table       = { name = "acme-report-states", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states" }
  usage_events_bucket = { name = "acme-usage-events", arn = "arn:aws:s3:::acme-usage-events" }
  report_month        = { alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-report-month:live" }
  report_queue = {
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-report-requests"
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-report-requests"
  }
}

run "the_service_is_known_by_its_role" {
  command = plan

  assert {
    condition     = output.stack.functions["report-sweep"].name == "acme-prod-report-sweep"
    error_message = "The stack description must get the function by its role."
  }
}

run "the_role_may_do_what_the_handler_does_and_no_more" {
  command = plan

  assert {
    condition = output.permissions == {
      QueueReportRequests                 = "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-report-requests"
      TrackReports                        = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states"
      TellMissingObjectsFromForbiddenOnes = "s3:ListBucket arn:aws:s3:::acme-reports if s3:prefix months/* reports/*"
      ReadLedgersAndManifests             = "s3:GetObject arn:aws:s3:::acme-reports/months/* arn:aws:s3:::acme-reports/reports/*/manifest.json"
      OpenForgottenMonths                 = "lambda:InvokeFunction arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-report-month:live"
      CountForAlarms                      = "cloudwatch:PutMetricData * if cloudwatch:namespace opsctl/reports"
      PublishPeers                        = "s3:PutObject arn:aws:s3:::acme-reports/peers/*"
      FindUsageEvents                     = "s3:ListBucket arn:aws:s3:::acme-usage-events if s3:prefix compacted/* events/*"
      WriteOwnLogs                        = "logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"
      WriteTraces                         = "xray:PutTelemetryRecords xray:PutTraceSegments *"
    }
    error_message = "The function's permissions changed: is that what its handler needs?"
  }
}

run "errors_throttles_and_a_forgotten_month_have_an_alarm" {
  command = plan

  assert {
    condition     = toset(output.alarm_names) == toset(["acme-prod-report-sweep-errors", "acme-prod-report-sweep-forgotten-month", "acme-prod-report-sweep-throttles"])
    error_message = "Errors, throttles and a forgotten month must each have an alarm."
  }
}

run "a_patience_shorter_than_a_delivery_is_refused" {
  command = plan
  variables {
    patience_seconds = 30
  }
  expect_failures = [var.patience_seconds]
}

run "a_share_over_the_whole_is_refused" {
  command = plan
  variables {
    reissue_share = 1.5
  }
  expect_failures = [var.reissue_share]
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

run "a_month_that_was_never_opened_rings" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.forgotten_month.metric_name == "ForgottenMonths" && aws_cloudwatch_metric_alarm.forgotten_month.dimensions == tomap({ Stack = "acme-prod" }) && aws_cloudwatch_metric_alarm.forgotten_month.threshold == 1
    error_message = "One month that the schedule forgot must ring."
  }
}
