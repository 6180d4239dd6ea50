resource "google_pubsub_topic" "events" {
  count = var.events_topic == null ? 1 : 0

  project    = var.project
  name       = "${var.name}-events"
  depends_on = [google_project_service.needed]
}

# Without a dead-letter policy and a retry policy: Dataflow honours neither. The job has dead letters of its own.
resource "google_pubsub_subscription" "events" {
  project                    = var.project
  name                       = var.name
  topic                      = local.events_topic
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"
  # So that the subscription can be sought back after a job was cancelled.
  retain_acked_messages = true

  expiration_policy {
    ttl = "" # never, however long the job is drained
  }
}

resource "google_pubsub_topic" "dead_letters" {
  project    = var.project
  name       = "${var.name}-dead"
  depends_on = [google_project_service.needed]
}

# For people and alerts: what nobody has looked at yet.
resource "google_pubsub_subscription" "dead_letters" {
  project                    = var.project
  name                       = "${var.name}-dead"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

# The archive: one record a line, as the commands `report` and `purge` and a replay read them.
resource "google_pubsub_subscription" "archive" {
  project                    = var.project
  name                       = "${var.name}-dead-archive"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 600
  message_retention_duration = "604800s"

  cloud_storage_config {
    bucket          = google_storage_bucket.this.name
    filename_prefix = "${local.dead_letters}${local.job_name}/"
    filename_suffix = ".ndjson"
    max_duration    = "300s"
    max_bytes       = 100000000
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_storage_bucket_iam_member.archive]
}
