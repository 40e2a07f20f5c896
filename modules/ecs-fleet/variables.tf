variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix = string
    partition   = string
    region      = string

    # Optional, for accounts with rules of their own.
    permissions_boundary_arn = optional(string)
    role_path                = optional(string, "/")
  })
}

variable "role" {
  description = "What the fleet carries, such as web: its name inside the platform and in opsctl."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role)) && length(var.role) <= 20
    error_message = "The role must be kebab-case and at most 20 characters long, such as web."
  }

  # An account has one set of IAM roles for all its regions, hence the region in the name of the hosts' role.
  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}-host-${var.platform.region}") <= 64
    error_message = "The prefix, the role, -host and the region together must be at most 64 characters long, which is the limit of IAM role names: shorten the project, the environment or the role."
  }
}

variable "drain" {
  description = "What opsctl's drain holds the fleet's terminating instances with; null when it does not drain them. `ready` is the drain's output of that name."
  type = object({
    ready                     = string
    hook                      = string
    heartbeat_timeout_seconds = number
    deadline_seconds          = number
    at_deadline               = string
  })
  default = null
}

variable "managed_draining" {
  description = "Whether ECS itself drains the hosts: without a deadline below 48 hours, and without a record."
  type        = bool
  default     = false
}

variable "instance_type" {
  description = "EC2 instance type of the hosts, of the architecture of the image."
  type        = string
  default     = "m6i.large"
}

variable "image_parameter" {
  description = "Public SSM parameter that names the AMI of the first hosts; later ones are rolled out."
  type        = string
  default     = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

variable "minimum_size" {
  description = "Fewest hosts; a new fleet starts with that many."
  type        = number
  default     = 1

  validation {
    condition     = var.minimum_size >= 0 && var.minimum_size <= var.maximum_size
    error_message = "The minimum size must be between 0 and the maximum size."
  }
}

variable "maximum_size" {
  description = "Most hosts, those that replace draining ones included."
  type        = number
}

variable "subnet_ids" {
  description = "Subnets of the hosts, in several zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "A fleet needs a subnet: the account has no default VPC, so name subnet_ids."
  }
}

variable "security_group_ids" {
  description = "Security groups of the hosts; null takes the VPC's default one."
  type        = list(string)
  default     = null
}

variable "volume_gb" {
  description = "Size of a host's encrypted root volume, which holds the images."
  type        = number
  default     = 30

  validation {
    condition     = var.volume_gb >= 30
    error_message = "The volume must hold at least 30 GB, the size of the ECS-optimised AMI."
  }
}
