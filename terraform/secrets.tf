# Their values are added by hand (README.md): a value given here would be in Terraform's state.
resource "google_secret_manager_secret" "customerio" {
  for_each = toset(["site-id", "api-key"])

  project   = var.project
  secret_id = "${var.name}-${each.value}"

  replication {
    auto {}
  }

  depends_on = [google_project_service.needed]
}
