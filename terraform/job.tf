resource "google_dataflow_flex_template_job" "streaming" {
  count    = var.launch_job ? 1 : 0
  provider = google-beta

  project                 = var.project
  region                  = var.region
  name                    = local.job_name
  container_spec_gcs_path = var.template

  # Cancelling would lose what is in flight.
  on_delete                    = "drain"
  skip_wait_on_job_termination = false

  service_account_email   = google_service_account.workers.email
  temp_location           = "gs://${google_storage_bucket.this.name}/temp"
  staging_location        = "gs://${google_storage_bucket.this.name}/staging"
  max_workers             = var.max_workers
  machine_type            = var.machine_type
  sdk_container_image     = var.image
  enable_streaming_engine = true
  # A worker's processes share its part of the rate by files.
  additional_experiments = ["no_use_multiple_sdk_containers"]
  subnetwork             = var.subnetwork
  ip_configuration       = var.subnetwork == null ? null : "WORKER_IP_PRIVATE"

  parameters = merge(
    {
      input_subscription      = google_pubsub_subscription.events.id
      dead_letter_topic       = google_pubsub_topic.dead_letters.id
      site_id_secret          = google_secret_manager_secret.customerio["site-id"].id
      api_key_secret          = google_secret_manager_secret.customerio["api-key"].id
      account_region          = var.account_region
      max_requests_per_second = tostring(var.max_requests_per_second)
      max_num_workers         = tostring(var.max_workers)
      sdk_container_image     = var.image
    },
    var.options,
  )

  depends_on = [
    google_project_iam_member.workers,
    google_storage_bucket_iam_member.workers,
    google_secret_manager_secret_iam_member.workers,
    google_pubsub_subscription_iam_member.workers,
    google_pubsub_topic_iam_member.workers,
    google_artifact_registry_repository_iam_member.workers,
  ]
}
