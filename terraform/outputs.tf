output "job_name" {
  description = "Name of the streaming job."
  value       = local.job_name
}

output "job_id" {
  description = "Id of the streaming job; null where it is not launched."
  value       = one(google_dataflow_flex_template_job.streaming[*].job_id)
}

output "events_topic" {
  description = "Topic to publish events to."
  value       = local.events_topic
}

output "workers" {
  description = "Email of the workers' service account, for backfills and replays too."
  value       = google_service_account.workers.email
}

output "secrets" {
  description = "Names of the secrets, whose values are added by hand."
  value       = { for name, secret in google_secret_manager_secret.customerio : name => secret.id }
}

output "dead_letters" {
  description = "Where the archive of dead letters is: --dead_letters of report and purge."
  value       = "gs://${google_storage_bucket.this.name}/${local.dead_letters}${local.job_name}/"
}

output "replay" {
  description = "Arguments of run_dataflow.sh that send the archived dead letters again."
  value = join(" ", [
    "backfill --project ${var.project} --region ${var.region} --bucket ${google_storage_bucket.this.name}",
    "--service_account_email ${google_service_account.workers.email} --max_num_workers 1 --image ${var.image}",
    "--input 'gs://${google_storage_bucket.this.name}/${local.dead_letters}${local.job_name}/**' --input_format dead_letters",
    "--site_id_secret ${google_secret_manager_secret.customerio["site-id"].id}",
    "--api_key_secret ${google_secret_manager_secret.customerio["api-key"].id} --account_region ${var.account_region}",
  ])
}
