# Not encrypted with the key alias/aws/sns: its policy does not let CloudWatch's alarms publish.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
resource "aws_sns_topic" "this" {
  name = "${var.platform.name_prefix}-alerts"
}
