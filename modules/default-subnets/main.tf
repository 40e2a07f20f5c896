data "aws_subnets" "this" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

data "aws_subnet" "this" {
  for_each = toset(data.aws_subnets.this.ids)

  id = each.key
}

# Some zones lack some types, such as us-east-1e: a group with a subnet there cannot launch in it, or cannot be made at all.
data "aws_ec2_instance_type_offerings" "this" {
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = var.instance_types
  }
}
