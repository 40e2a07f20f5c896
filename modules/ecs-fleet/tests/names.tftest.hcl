mock_provider "aws" {
  source = "../testing/mocks"

  override_data {
    target = data.aws_ssm_parameter.image
    values = { value = "ami-0123456789abcdef0" }
  }
}

override_resource {
  target          = aws_autoscaling_group.this
  override_during = plan
  values          = { arn = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/acme-prod-web" }
}

override_resource {
  target          = aws_launch_template.this
  override_during = plan
  values          = { id = "lt-0123456789abcdef0", latest_version = 3 }
}

override_resource {
  target          = aws_iam_instance_profile.host
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:instance-profile/acme-prod-web-host" }
}

variables {
  platform         = { name_prefix = "acme-prod", partition = "aws", region = "eu-west-1" }
  role             = "web"
  maximum_size     = 4
  subnet_ids       = ["subnet-1", "subnet-2"]
  managed_draining = true
}

run "two_regions_of_an_account_have_host_roles_of_their_own" {
  command = plan

  assert {
    condition     = aws_iam_role.host.name == "acme-prod-web-host-eu-west-1" && aws_iam_instance_profile.host.name == "acme-prod-web-host-eu-west-1"
    error_message = "IAM is global: the names of the hosts' role and profile must carry the region."
  }
}

run "a_host_role_name_over_the_limit_of_64_characters_is_refused" {
  command = plan
  variables {
    platform = { name_prefix = "a-project-name-of-length-in-an-environment", partition = "aws", region = "ap-southeast-2" }
  }
  expect_failures = [var.role]
}
