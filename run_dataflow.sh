#!/usr/bin/env bash
# Runs the job on Google Cloud Dataflow; ./run_dataflow.sh --help tells how, docs/dataflow.md tells more.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/environment.sh
. scripts/launching.sh

usage() {
  cat <<'HELP'
Run the job on Google Cloud Dataflow.

usage: ./run_dataflow.sh ACTION --project P --region R [option ...]

actions:
  streaming  deliver what arrives on a Pub/Sub subscription, until the job is drained
  backfill   deliver the events of files, then end
  update     replace the running streaming job by this version, with what it holds in flight
  drain      let the streaming job finish what it has read, then end it
  template   build the image (with Cloud Build) and the Flex Template

where it runs:
  --project ID              Google Cloud project
  --region NAME             Dataflow region, such as europe-west1
  --bucket NAME             Cloud Storage bucket for temporary files, staged code, the template, and a backfill's dead letters
  --job_name NAME           name of the job (default: customerio-streaming, or customerio-backfill-DATE-TIME)
  --max_num_workers N       the most workers there may be; each gets its share of the rate
  --image IMAGE             container image of the workers, made by `template`
                            (default: Beam's image, plus this package and requirements/worker.txt)
  --service_account_email EMAIL
                            the workers' service account (default: the project's Compute Engine account)
  --network NAME, --subnetwork regions/R/subnetworks/S
  --no_use_public_ips       workers without public addresses: the subnetwork needs Private Google Access and Cloud NAT
  --labels KEY=VALUE        may be given several times
  --machine_type NAME       Compute Engine machine type of the workers

what it does:
  --input_subscription projects/P/subscriptions/S    of streaming and update
  --dead_letter_topic projects/P/topics/T            of streaming and update
  --input gs://BUCKET/PATTERN ...                    of backfill
  --dead_letters gs://BUCKET/PREFIX                  of backfill (default: in --bucket)
  --site_id ID, or --site_id_secret projects/P/secrets/S
  --api_key_secret projects/P/secrets/S
  --account_region us|eu
  --max_requests_per_second N                        of the whole workspace, shared by the workers (default: 100)
  --transform_name_mapping '{"old step": "new step"}'    of update, where a step was renamed
  ... and every other option of the job and of Dataflow: see `python -m pipeline --help`

how it is launched:
  --print                   show the commands, and run none of them
  --skip_check              don't try the connection to Customer.io first
                            (the check reads the secrets as you; a launcher may not be allowed to)

examples:
  ./run_dataflow.sh streaming --project shop-data --region europe-west1 --bucket shop-customerio \
      --input_subscription projects/shop-data/subscriptions/customerio --dead_letter_topic projects/shop-data/topics/customerio-dead \
      --site_id_secret projects/shop-data/secrets/customerio-site-id --api_key_secret projects/shop-data/secrets/customerio-api-key \
      --account_region eu --max_num_workers 4 --service_account_email customerio@shop-data.iam.gserviceaccount.com
  ./run_dataflow.sh backfill --project shop-data --region europe-west1 --bucket shop-customerio \
      --input 'gs://shop-events/2024/**' \
      --site_id_secret projects/shop-data/secrets/customerio-site-id --api_key_secret projects/shop-data/secrets/customerio-api-key \
      --max_num_workers 8 --service_account_email customerio@shop-data.iam.gserviceaccount.com
  ./run_dataflow.sh drain --project shop-data --region europe-west1
HELP
}

need_gcloud() {
  [ "$print" = yes ] || command -v gcloud > /dev/null || refuse "$action needs gcloud, the Google Cloud CLI, and it is not installed."
}

# Sets `job_name` to --job_name, or to a default. A name of another form would mean something else to gcloud's filters.
find_job_name() { # DEFAULT
  find_value job_name || value=$1
  job_name=$value
  [[ "$job_name" =~ ^[a-z]([-a-z0-9]*[a-z0-9])?$ ]] ||
    refuse "--job_name must be lower-case letters, digits and hyphens, and begin with a letter; not $(printf %q "$job_name")."
}

# Sets `job_id` to the running job of that name; where commands are only shown, to JOB_ID.
find_job() {
  local list=(gcloud dataflow jobs list "${place[@]}" --status active --filter "name=$job_name" --format "value(id)")
  need_gcloud
  if [ "$print" = yes ]; then
    run "${list[@]}"
    job_id=JOB_ID
  else
    job_id=$("${list[@]}")
    [ -n "$job_id" ] || refuse "There is no running job named $job_name in $region: see --job_name and --region."
  fi
}

drain() {
  find_job_name customerio-streaming
  find_job
  run gcloud dataflow jobs drain "$job_id" "${place[@]}"
}

template() {
  local bucket image
  need bucket "NAME" && bucket=$value
  need image "REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:VERSION" && image=$value
  need_gcloud
  [ "$print" = yes ] || use_environment runtime
  run .venv/bin/python scripts/flex_template_metadata.py flex_template/metadata.json
  run gcloud builds submit . --project "$project" --tag "$image"
  run gcloud dataflow flex-template build "gs://$bucket/templates/customerio.json" --project "$project" \
    --image "$image" --sdk-language PYTHON --metadata-file flex_template/metadata.json \
    --additional-experiments no_use_multiple_sdk_containers
}

check_settings() {
  need bucket "NAME"
  need max_num_workers "N, because the rate of requests is divided by it"
  if [ "$action" = backfill ]; then
    need input "gs://BUCKET/PATTERN"
    [[ "$value" == gs://* ]] || refuse "--input $(printf %q "$value") is not on Cloud Storage: workers read gs:// alone."
  else
    need input_subscription "projects/PROJECT/subscriptions/NAME"
    need dead_letter_topic "projects/PROJECT/topics/NAME"
  fi
  if ! find_value operations_output; then
    need api_key_secret "projects/PROJECT/secrets/NAME"
    find_value site_id || need site_id_secret "projects/PROJECT/secrets/NAME, or --site_id"
  fi
}

check_python() {
  local of_image of_launcher
  of_image=$(sed -n 's/^ARG PYTHON_IMAGE=python:\([0-9]*\.[0-9]*\).*/\1/p' Dockerfile)
  of_launcher=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  [ "$of_image" = "$of_launcher" ] || refuse "--image has Python $of_image, and .venv has $of_launcher: remove .venv, and run PYTHON=python$of_image $0."
}

launch() {
  local bucket dataflow default_name=customerio-streaming
  check_settings
  find_value bucket && bucket=$value
  [ "$action" != backfill ] || default_name=customerio-backfill-$(date +%Y%m%d-%H%M%S)
  find_job_name "$default_name"
  dataflow=(--runner DataflowRunner "--job_name=$job_name" "--temp_location=gs://$bucket/temp" "--staging_location=gs://$bucket/staging")
  # The image holds the package and the lock's versions. Without one, workers add the package to Beam's own image, which
  # has Beam's dependencies, and need no package index: not to build the package either (build isolation does).
  if find_value image; then
    dataflow+=("--sdk_container_image=$value")
  else
    dataflow+=(--setup_file ./setup.py --requirements_file ./requirements/worker.txt --experiments pip_no_build_isolation)
  fi
  if [ "$action" != backfill ]; then
    dataflow+=(--streaming --enable_streaming_engine)
  elif ! find_value dead_letters && ! find_value dead_letter_topic; then
    dataflow+=("--dead_letters=gs://$bucket/dead-letters/$job_name/part")
  fi
  if [ "$action" = update ]; then
    find_job # Beam would look for a missing job without end
    dataflow+=(--update)
  fi

  if [ "$print" = no ]; then
    use_environment runtime
    ! find_value image || check_python
  fi
  if [ "$skip_check" = no ] && ! find_value operations_output; then
    run .venv/bin/python -m pipeline --check_connection "${passed_on[@]}"
  fi
  run .venv/bin/python -m pipeline "${dataflow[@]}" "${passed_on[@]}"
}

read_command_line bucket image job_name -- "$@"

case "$action" in
  streaming | backfill | update | drain | template) ;;
  *) refuse "There is no action $(printf %q "$action"): choose streaming, backfill, update, drain or template. See --help." ;;
esac
need project "ID" && project=$value
region=
[ "$action" = template ] || { need region "NAME" && region=$value; }
place=(--project "$project" --region "$region")
case "$action" in
  drain | template) "$action" ;;
  *) launch ;;
esac
