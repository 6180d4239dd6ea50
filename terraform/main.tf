locals {
  job_name     = "${var.name}-streaming"
  events_topic = coalesce(var.events_topic, one(google_pubsub_topic.events[*].id))
  dead_letters = "dead-letters/"
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "needed" {
  for_each = toset([
    "compute.googleapis.com",
    "dataflow.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ])

  project            = var.project
  service            = each.value
  disable_on_destroy = false
}
