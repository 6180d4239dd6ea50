resource "google_storage_bucket" "this" {
  project                     = var.project
  name                        = var.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Records that `purge` removes must be gone, so nothing keeps old versions of them. A retention policy would even
  # forbid to remove them.
  versioning {
    enabled = false
  }
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.dead_letter_days
      matches_prefix = [local.dead_letters]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 14
      matches_prefix = ["temp/"]
    }
  }

  depends_on = [google_project_service.needed]
}
