mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  project     = "acme"
  environment = "prod"
  account_id  = "123456789012"
  region      = "eu-west-1"
  parts = [
    { functions = { "report-request" = { name = "acme-prod-report-request" } } },
    {
      functions = { "report-generator" = { name = "acme-prod-report-generator" } }
      queues = {
        "report-requests" = {
          name        = "acme-prod-report-requests"
          dead_letter = "acme-prod-report-requests-dead-letter"
          consumer    = "report-generator"
        }
      }
    },
    { buckets = { reports = { name = "acme-prod-reports-123456789012-eu-west-1" } } },
  ]
}

run "a_small_stack_is_readable_text_in_a_standard_parameter" {
  command = plan

  assert {
    condition     = aws_ssm_parameter.this.name == "/acme/prod/stack" && aws_ssm_parameter.this.tier == "Standard"
    error_message = "The parameter must be where opsctl looks, and cost nothing."
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.this.insecure_value) == jsondecode(jsonencode(output.stack))
    error_message = "The parameter must hold the very object that the output gives."
  }

  assert {
    condition     = keys(output.stack.functions) == tolist(["report-generator", "report-request"]) && output.stack.queues["report-requests"].consumer == "report-generator"
    error_message = "The parts must be merged by role."
  }
}

run "every_kind_is_there_even_when_the_stack_has_none" {
  command = plan

  variables {
    parts = []
  }

  assert {
    condition     = keys(jsondecode(aws_ssm_parameter.this.insecure_value)) == ["account_id", "buckets", "environment", "fleets", "functions", "project", "queues", "region", "schema_version", "state_machines", "tables"]
    error_message = "A reader must find every kind."
  }
}

run "eighty_services_with_a_queue_each_fit_into_a_standard_parameter" {
  command = plan

  variables {
    parts = [
      for number in range(80) : {
        functions = { "service-of-number-${number}" = { name = "acme-prod-service-of-number-${number}" } }
        queues = {
          "work-of-number-${number}" = {
            name        = "acme-prod-work-of-number-${number}"
            dead_letter = "acme-prod-work-of-number-${number}-dead-letter"
            consumer    = "service-of-number-${number}"
          }
        }
      }
    ]
  }

  assert {
    condition     = length(keys(output.stack.functions)) == 80 && length(jsonencode(output.stack)) > 8192
    error_message = "The example must be larger than an advanced parameter."
  }

  assert {
    condition     = length(aws_ssm_parameter.this.insecure_value) <= 4096 && aws_ssm_parameter.this.tier == "Standard"
    error_message = "80 services must fit."
  }

  # gzip's first bytes (1f 8b 08) in base64: what the reader tells the two forms apart by.
  assert {
    condition     = startswith(aws_ssm_parameter.this.insecure_value, "H4sI")
    error_message = "A large description must be compressed."
  }
}

run "a_stack_over_the_standard_size_gets_an_advanced_parameter" {
  command = plan

  # Hashes do not compress, as no real names would be so unlike each other.
  variables {
    parts = [{ functions = { for number in range(90) : "f-${number}" => { name = sha256("f-${number}") } } }]
  }

  assert {
    condition     = aws_ssm_parameter.this.tier == "Advanced" && length(aws_ssm_parameter.this.insecure_value) > 4096
    error_message = "What a standard parameter cannot hold needs an advanced one."
  }
}

run "a_stack_that_no_parameter_can_hold_is_refused" {
  command = plan
  variables {
    parts = [{ functions = { for number in range(200) : "f-${number}" => { name = sha256("f-${number}") } } }]
  }
  expect_failures = [aws_ssm_parameter.this]
}

run "two_parts_with_the_same_role_are_refused" {
  command = plan
  variables {
    parts = [
      { buckets = { reports = { name = "one" } } },
      { buckets = { reports = { name = "two" } } },
    ]
  }
  expect_failures = [aws_ssm_parameter.this]
}

run "a_queue_without_a_consumer_in_the_stack_is_refused" {
  command = plan
  variables {
    parts = [{ queues = { work = { name = "work", dead_letter = "work-dead-letter", consumer = "nobody" } } }]
  }
  expect_failures = [aws_ssm_parameter.this]
}
