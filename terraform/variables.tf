variable "project" {
  description = "Google Cloud project, which must exist."
  type        = string
}

variable "region" {
  description = "Region of the bucket and the job, such as europe-west1."
  type        = string
}

variable "name" {
  description = "Begins the names of all resources. The job is called NAME-streaming."
  type        = string
  default     = "customerio"

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{1,19}[a-z0-9]$", var.name))
    error_message = "The name must have 3 to 21 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket" {
  description = "Name of the bucket that is made for staged code, temporary files and the archive of dead letters."
  type        = string
}

variable "events_topic" {
  description = "Existing topic of the events, projects/PROJECT/topics/NAME. Without it, the module makes NAME-events."
  type        = string
  default     = null
}

variable "events_bucket" {
  description = "Existing bucket of events for backfills; the workers may read it. null: none."
  type        = string
  default     = null
}

variable "template" {
  description = "The Flex Template that `run_dataflow.sh template` has written: gs://BUCKET/templates/customerio.json."
  type        = string
}

variable "image" {
  description = "The workers' image, with its tag or digest: the same that the template was built with."
  type        = string
}

variable "image_repository" {
  description = "Artifact Registry repository of the image; null where it is in another project, which then must let the workers read it."
  type = object({
    location   = string
    repository = string
  })
  default = null
}

variable "launch_job" {
  description = "Whether the job runs. Set it to false for the first apply: the secrets need their values before the job starts."
  type        = bool
  default     = true
}

variable "account_region" {
  description = "Region of the Customer.io account: us or eu."
  type        = string
  default     = "us"

  validation {
    condition     = contains(["us", "eu"], var.account_region)
    error_message = "The account region must be us or eu."
  }
}

variable "max_requests_per_second" {
  description = "Requests per second of the job. The workspace has 1,000 together with all other senders."
  type        = number
  default     = 100
}

variable "max_workers" {
  description = "Most workers of the job. Each gets an equal share of the requests per second."
  type        = number
  default     = 4
}

variable "machine_type" {
  description = "Machine type of the workers. The job uses about one vCPU of each."
  type        = string
  default     = "n2-standard-2"
}

variable "subnetwork" {
  description = "Subnetwork of the workers, regions/REGION/subnetworks/NAME or its full address. With it, workers have no public addresses: see docs/dataflow.md for what they need. null: the project's default network."
  type        = string
  default     = null
}

variable "options" {
  description = "Further options of the job, such as { identify_by = \"id\" }: docs/options.md lists them."
  type        = map(string)
  default     = {}
}

variable "dead_letter_days" {
  description = "Days after which archived dead letters are deleted. They hold whole events, which are personal data."
  type        = number
  default     = 30
}

variable "launchers" {
  description = "Who may launch backfills and replays, such as [\"user:you@example.com\"]."
  type        = list(string)
  default     = []
}

variable "notification_channels" {
  description = "Cloud Monitoring channels that alerts go to, projects/PROJECT/notificationChannels/ID."
  type        = list(string)
  default     = []
}
