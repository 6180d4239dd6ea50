locals {
  # What the queries of dashboard.json and alerts.json are about.
  monitored = {
    job_name                = local.job_name
    subscription            = google_pubsub_subscription.events.name
    dead_subscription       = google_pubsub_subscription.dead_letters.name
    max_requests_per_second = var.max_requests_per_second
    max_workers             = var.max_workers
  }
  alerts = jsondecode(templatefile("${path.module}/alerts.json", local.monitored))
}

resource "google_monitoring_dashboard" "this" {
  project        = var.project
  dashboard_json = templatefile("${path.module}/dashboard.json", local.monitored)
  depends_on     = [google_project_service.needed]
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  project               = var.project
  display_name          = "${local.job_name}: ${each.value.title}"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"
    }
  }

  documentation {
    content   = each.value.remedy
    mime_type = "text/markdown"
  }

  depends_on = [google_project_service.needed]
}
