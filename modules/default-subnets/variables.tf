variable "instance_types" {
  description = "EC2 instance types, one of which a subnet's zone must offer."
  type        = list(string)

  validation {
    condition     = length(var.instance_types) > 0
    error_message = "Name an instance type: the subnets are those of the zones that offer it."
  }
}
