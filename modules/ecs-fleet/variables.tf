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
  description = "What opsctl's drain holds the fleet's terminating instances with; null when it does not drain them. `ready` and `function` are the drain's outputs of these names."
  type = object({
    ready                     = string
    function                  = object({ name = string })
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

variable "managed_scaling" {
  description = "How ECS scales the group between its sizes, so that the tasks of its capacity provider use that much of it; null for a group that only its minimum and people scale. Terraform never sets the desired size."
  type = object({
    target_capacity_percent = optional(number, 100)
    largest_step            = optional(number, 10)
    warmup_seconds          = optional(number, 300)
  })
  default = null

  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedScaling.html
  validation {
    condition     = var.managed_scaling == null ? true : var.managed_scaling.target_capacity_percent >= 1 && var.managed_scaling.target_capacity_percent <= 100
    error_message = "The target is between 1 and 100 per cent of the hosts: 100 keeps none free, 90 a tenth."
  }

  validation {
    condition     = var.managed_scaling == null ? true : var.managed_scaling.largest_step >= 1 && var.managed_scaling.largest_step <= 10000 && var.managed_scaling.warmup_seconds >= 0 && var.managed_scaling.warmup_seconds <= 10000
    error_message = "A step is 1 to 10000 hosts, and a new host warms up for 0 to 10000 seconds."
  }
}

variable "spot" {
  description = "Instance types that may be spot instances beside instance_type, how many hosts stay On-Demand, and what share of the others; null for On-Demand alone."
  type = object({
    instance_types      = list(string)
    on_demand_base      = optional(number, 0)
    on_demand_percent   = optional(number, 0)
    allocation_strategy = optional(string, "price-capacity-optimized")
  })
  default = null

  validation {
    condition     = var.spot == null ? true : length(setsubtract(var.spot.instance_types, [var.instance_type])) > 0
    error_message = "A fleet of one type waits when that type has no spot capacity: name at least one type in spot.instance_types beside instance_type."
  }

  validation {
    condition     = var.spot == null ? true : var.spot.on_demand_base >= 0 && var.spot.on_demand_base <= var.maximum_size && var.spot.on_demand_percent >= 0 && var.spot.on_demand_percent < 100
    error_message = "The On-Demand base is between 0 and the maximum size, and the share above it below 100 per cent: with 100 nothing would be spot."
  }

  # lowest-price is left out: AWS calls it the one with the most interruptions.
  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/allocation-strategies.html
  validation {
    condition     = var.spot == null ? true : contains(["price-capacity-optimized", "capacity-optimized"], var.spot.allocation_strategy)
    error_message = "The allocation strategy is price-capacity-optimized or capacity-optimized."
  }
}

variable "session_manager" {
  description = "Whether people may open a shell on a host through SSM Session Manager, without a key or an open port."
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
    error_message = "A fleet needs a subnet: the account has no default VPC, or none of its zones offers the instance type, so name subnet_ids."
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
