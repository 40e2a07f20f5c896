data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "InstancesRunAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "host" {
  name                 = "${local.name}-host-${var.platform.region}"
  path                 = var.platform.role_path
  permissions_boundary = var.platform.permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  tags                 = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

# AWS's own policy, because it grows with what the ECS agent learns to call.
resource "aws_iam_role_policy_attachment" "host" {
  role       = aws_iam_role.host.name
  policy_arn = "arn:${var.platform.partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_role_policy_attachment" "session_manager" {
  count = var.session_manager ? 1 : 0

  role       = aws_iam_role.host.name
  policy_arn = "arn:${var.platform.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "host" {
  name = "${local.name}-host-${var.platform.region}"
  path = var.platform.role_path
  role = aws_iam_role.host.name
  tags = local.tags

  lifecycle {
    create_before_destroy = true
  }
}
