variable "platform" {
  description = "What every service of one environment shares; the root configuration makes it once."
  type = object({
    name_prefix      = string
    partition        = string
    region           = string
    account_id       = string
    alarm_topic_arns = list(string)
  })
}

variable "role" {
  description = "What waits in the queue, in the plural, such as report-requests: the queue's name inside the platform and in opsctl."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as report-requests."
  }

  validation {
    condition     = !endswith(var.role, "-dead-letter")
    error_message = "Names that end with -dead-letter are kept for dead-letter queues."
  }

  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}-dead-letter${var.fifo == null ? "" : ".fifo"}") <= 80
    error_message = "The prefix, the role, -dead-letter and, for a FIFO queue, .fifo together must be at most 80 characters long, which is the limit of queue names."
  }
}

# Two variables for one function, on purpose: the function may need the queue's URL in its environment, so what the queue
# takes from the function must be known before the function exists.
variable "consumer" {
  description = "What the service decides about its function: role, timeout, reserved concurrency (null shares the account's pool)."
  type = object({
    role                 = string
    timeout_seconds      = number
    reserved_concurrency = optional(number)
  })

  validation {
    condition     = var.consumer.timeout_seconds >= 1 && var.consumer.timeout_seconds <= 900
    error_message = "The function's timeout must be between 1 and 900 seconds, which is Lambda's limit."
  }
}

variable "function" {
  description = "The function as built: the output `function` of the lambda-function module."
  type = object({
    role            = string
    alias_arn       = string
    iam_role_name   = string
    timeout_seconds = number
  })
}

variable "event_rule_arns" {
  description = "EventBridge rules that may send to the queue, and to its dead-letter queue what they could not deliver."
  type        = list(string)
  default     = []
}

variable "fifo" {
  description = "Makes it a FIFO queue: messages of a group come in order, one batch at a time. `deduplicate_by_content` takes equal bodies within five minutes for one message, `high_throughput` bounds each group, not the queue. Null for a standard queue."
  type = object({
    deduplicate_by_content = optional(bool, false)
    high_throughput        = optional(bool, false)
  })
  default = null
}

variable "policy_statements" {
  description = "Who else may do what with the queue, by sid: `principals` by type, such as { Service = [\"s3.amazonaws.com\"] }."
  type = map(object({
    actions    = list(string)
    principals = map(list(string))
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default = {}

  validation {
    condition     = alltrue(flatten([for statement in values(var.policy_statements) : [for action in statement.actions : startswith(action, "sqs:") && !strcontains(action, "*")]]))
    error_message = "Actions on the queue must be named one by one, such as sqs:SendMessage: no * in an action."
  }

  # A service acts for every account, and "*" is everybody.
  validation {
    condition     = alltrue([for statement in values(var.policy_statements) : length(statement.conditions) > 0 if contains(keys(statement.principals), "Service") || contains(flatten(values(statement.principals)), "*")])
    error_message = "A statement for a service or for everybody needs a condition, such as aws:SourceAccount: it would hold for every account."
  }
}

variable "maximum_concurrency" {
  description = "Most invocations of the consumer that this queue may have running at once; null does not bound them."
  type        = number
  default     = null

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency
  validation {
    condition     = var.maximum_concurrency == null ? true : var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "The maximum concurrency must be between 2 and 1000, which are the limits of an event source mapping."
  }

  validation {
    condition     = var.maximum_concurrency == null || var.consumer.reserved_concurrency == null ? true : var.consumer.reserved_concurrency >= 2
    error_message = "With a maximum concurrency, the reserved concurrency must be at least 2."
  }

  validation {
    condition     = var.maximum_concurrency == null || var.consumer.reserved_concurrency == null ? true : var.consumer.reserved_concurrency >= var.maximum_concurrency
    error_message = "The reserved concurrency must not be below the maximum concurrency: throttled deliveries use up receives and end in the dead-letter queue."
  }
}

variable "batch_size" {
  description = "Most messages in one invocation."
  type        = number
  default     = 10

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "The batch size must be between 1 and 10000."
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  validation {
    condition     = var.fifo == null || var.batch_size <= 10
    error_message = "A batch from a FIFO queue has at most 10 messages."
  }

  validation {
    condition     = var.batch_size <= 10 || var.batching_window_seconds >= 1
    error_message = "A batch of more than 10 messages needs a batching window of at least 1 second."
  }
}

variable "batching_window_seconds" {
  description = "How long Lambda may gather messages before it invokes the consumer."
  type        = number
  default     = 0

  validation {
    condition     = var.batching_window_seconds >= 0 && var.batching_window_seconds <= 300
    error_message = "The batching window must be between 0 and 300 seconds."
  }

  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
  validation {
    condition     = var.fifo == null || var.batching_window_seconds == 0
    error_message = "Lambda gathers no messages of a FIFO queue: leave the batching window at 0."
  }
}

variable "max_receive_count" {
  description = "Deliveries after which a message that still fails goes to the dead-letter queue."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000
    error_message = "The maximum receive count must be between 1 and 1000, which are the limits of SQS."
  }
}

variable "retention_seconds" {
  description = "How long a message may wait in the queue; four days by default."
  type        = number
  default     = 345600

  validation {
    condition     = var.retention_seconds >= 60
    error_message = "The retention must be at least 60 seconds, which is the limit of SQS."
  }

  # A message's age counts from its first sending, also in the dead-letter queue.
  validation {
    condition     = var.retention_seconds < 1209600
    error_message = "The retention must be shorter than the 14 days of the dead-letter queue: a message that dies late would expire before anyone saw it."
  }

  validation {
    condition     = var.retention_seconds > var.max_receive_count * (6 * var.consumer.timeout_seconds + var.batching_window_seconds)
    error_message = "The retention must be longer than all deliveries together (maximum receive count x visibility timeout): a message would expire before it reached the dead-letter queue."
  }
}

variable "depth_alarm_threshold" {
  description = "Waiting messages that raise the alarm on the queue's depth."
  type        = number
  default     = 1000
}

variable "age_alarm_seconds" {
  description = "Age of the oldest message that raises the alarm; null means the time that all its deliveries may take."
  type        = number
  default     = null
}
