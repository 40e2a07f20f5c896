output "service" {
  description = "The service: role, and ARN."
  value = {
    role = var.role
    arn  = aws_ecs_service.this.id
  }
}
