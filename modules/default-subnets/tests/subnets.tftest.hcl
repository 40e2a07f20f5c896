mock_provider "aws" {
  override_data {
    target = data.aws_subnets.this
    values = { ids = ["subnet-b", "subnet-a", "subnet-e"] }
  }

  override_data {
    target = data.aws_subnet.this["subnet-a"]
    values = { id = "subnet-a", availability_zone = "us-east-1a" }
  }

  override_data {
    target = data.aws_subnet.this["subnet-b"]
    values = { id = "subnet-b", availability_zone = "us-east-1b" }
  }

  override_data {
    target = data.aws_subnet.this["subnet-e"]
    values = { id = "subnet-e", availability_zone = "us-east-1e" }
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.this
    values = { locations = ["us-east-1a", "us-east-1b"] }
  }
}

variables {
  instance_types = ["m7g.large"]
}

run "a_zone_that_lacks_the_instance_type_gets_no_host" {
  command = plan

  assert {
    condition     = output.ids == tolist(["subnet-a", "subnet-b"])
    error_message = "us-east-1e offers no m7g.large: a host could not be launched there."
  }

  assert {
    condition     = data.aws_ec2_instance_type_offerings.this.location_type == "availability-zone"
    error_message = "What a region offers is not what each of its zones offers."
  }
}

run "an_account_without_a_default_vpc_has_none" {
  command = plan

  override_data {
    target = data.aws_subnets.this
    values = { ids = [] }
  }

  assert {
    condition     = length(output.ids) == 0
    error_message = "Where there is nothing, nothing can be named."
  }
}

run "no_instance_type_at_all_is_refused" {
  command = plan

  variables {
    instance_types = []
  }

  expect_failures = [var.instance_types]
}
