output "ids" {
  description = "The subnets in a fixed order; none where the account has no default VPC."
  value = sort([
    for subnet in values(data.aws_subnet.this) : subnet.id
    if contains(data.aws_ec2_instance_type_offerings.this.locations, subnet.availability_zone)
  ])
}
