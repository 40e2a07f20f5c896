output "bucket" {
  description = "The bucket as its users need it: role, name and ARN."
  value = {
    role = var.role
    name = aws_s3_bucket.this.bucket
    arn  = aws_s3_bucket.this.arn
  }
}
