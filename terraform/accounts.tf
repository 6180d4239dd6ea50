# docs/dataflow.md says what each role is for.

resource "google_service_account" "workers" {
  project      = var.project
  account_id   = var.name
  display_name = "Customer.io workers"
}

locals {
  workers = google_service_account.workers.member
}

resource "google_project_iam_member" "workers" {
  project = var.project
  role    = "roles/dataflow.worker"
  member  = local.workers
}

resource "google_storage_bucket_iam_member" "workers" {
  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectAdmin"
  member = local.workers
}

resource "google_storage_bucket_iam_member" "workers_events" {
  count = var.events_bucket == null ? 0 : 1

  bucket = var.events_bucket
  role   = "roles/storage.objectViewer"
  member = local.workers
}

resource "google_secret_manager_secret_iam_member" "workers" {
  for_each = google_secret_manager_secret.customerio

  project   = var.project
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.workers
}

resource "google_pubsub_subscription_iam_member" "workers" {
  for_each = toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"])

  project      = var.project
  subscription = google_pubsub_subscription.events.name
  role         = each.value
  member       = local.workers
}

resource "google_pubsub_topic_iam_member" "workers" {
  for_each = toset(["roles/pubsub.publisher", "roles/pubsub.viewer"])

  project = var.project
  topic   = google_pubsub_topic.dead_letters.name
  role    = each.value
  member  = local.workers
}

resource "google_artifact_registry_repository_iam_member" "workers" {
  count = var.image_repository == null ? 0 : 1

  project    = var.project
  location   = var.image_repository.location
  repository = var.image_repository.repository
  role       = "roles/artifactregistry.reader"
  member     = local.workers
}

# Pub/Sub itself writes the archive.
resource "google_storage_bucket_iam_member" "archive" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.legacyBucketReader"])

  bucket = google_storage_bucket.this.name
  role   = each.value
  member = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

locals {
  launcher_roles = {
    for pair in setproduct(var.launchers, ["roles/dataflow.developer", "roles/compute.viewer"]) :
    "${pair[0]} ${pair[1]}" => { member = pair[0], role = pair[1] }
  }
  launcher_secrets = {
    for pair in setproduct(var.launchers, ["site-id", "api-key"]) :
    "${pair[0]} ${pair[1]}" => { member = pair[0], secret = pair[1] }
  }
}

resource "google_project_iam_member" "launchers" {
  for_each = local.launcher_roles

  project = var.project
  role    = each.value.role
  member  = each.value.member
}

resource "google_service_account_iam_member" "launchers" {
  for_each = toset(var.launchers)

  service_account_id = google_service_account.workers.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_storage_bucket_iam_member" "launchers" {
  for_each = toset(var.launchers)

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectAdmin"
  member = each.value
}

resource "google_secret_manager_secret_iam_member" "launchers" {
  for_each = local.launcher_secrets

  project   = var.project
  secret_id = google_secret_manager_secret.customerio[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}
