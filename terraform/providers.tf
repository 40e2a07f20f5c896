# No endpoints and no credentials here: the environment decides (AWS_PROFILE, AWS_ENDPOINT_URL), so that an emulator gets
# the very configuration that AWS gets.
provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
    }
  }
}
