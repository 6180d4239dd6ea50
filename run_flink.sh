#!/usr/bin/env bash
# Runs the job on a Flink cluster; ./run_flink.sh --help tells how, docs/flink.md tells more.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/environment.sh
. scripts/launching.sh

usage() {
  cat <<'HELP'
Run the job on an Apache Flink cluster, through Beam's job server for it.

usage: ./run_flink.sh ACTION --job_endpoint HOST:PORT --flink_master HOST:PORT [option ...]

actions:
  stream    deliver what arrives on a Kafka topic, until the job is stopped
  backfill  deliver the events of files, then end

where it runs:
  --job_endpoint HOST:PORT  Beam's job server
  --flink_master HOST:PORT  REST API of Flink's JobManager; Ctrl-C and SIGTERM cancel the job there
  --worker_command PATH     customerio-beam-sdk-worker on the hosts of the TaskManagers, where this package is installed;
                            or --image IMAGE, a container image of the SDK workers (the hosts need Docker)
  --parallelism N           slots that the job uses
  --rate_workers N          hosts of the TaskManagers: each gets its share of the rate
  --job_name NAME           name of the job (default: customerio-stream, or customerio-backfill-DATE-TIME)
  --checkpointing_interval MS    of stream: milliseconds between checkpoints (default: 10000)
  --savepoint_path PATH          of stream: the savepoint or checkpoint to go on from
  --expansion_service HOST:PORT|JAR    of stream: makes Beam's Kafka source; of the job server's version
                            (default: the jar of this Beam version, downloaded; needs Java)

what it does:
  --input_kafka_bootstrap_servers HOST:PORT[,HOST:PORT...] and --input_kafka_topic TOPIC    of stream
  --input PATTERN ...       of backfill: files that all TaskManagers reach
  --dead_letters PREFIX     path prefix of files that all TaskManagers can write
  --account_region us|eu
  --max_requests_per_second N    of the whole workspace, shared by the hosts (default: 100)
  ... and every other option of the job and of the job server: see `python -m pipeline --help`

  The workers take the Site ID and the key from their environment (CUSTOMERIO_SITE_ID, CUSTOMERIO_API_KEY: set them for
  the TaskManagers), or from Secret Manager (--site_id_secret, --api_key_secret).

how it is launched:
  --print                   show the commands, and run none of them
  --skip_check              don't try the connection to Customer.io first
                            (the check takes the credentials from here; a launcher may not have them)

examples:
  ./run_flink.sh stream --job_endpoint flink-jobs:8099 --flink_master flink:8081 --parallelism 4 --rate_workers 2 \
      --worker_command /opt/customerio/.venv/bin/customerio-beam-sdk-worker --dead_letters /shared/dead-letters/stream \
      --input_kafka_bootstrap_servers kafka-1:9092,kafka-2:9092 --input_kafka_topic events --account_region eu
  ./run_flink.sh backfill --job_endpoint flink-jobs:8099 --flink_master flink:8081 --parallelism 4 --rate_workers 2 \
      --worker_command /opt/customerio/.venv/bin/customerio-beam-sdk-worker --dead_letters /shared/dead-letters/2024 \
      --input '/shared/events/2024/**'
HELP
}

check_settings() {
  need job_endpoint "HOST:PORT, the address of Beam's job server"
  need flink_master "HOST:PORT, the address of Flink's REST API"
  need parallelism "N, the slots that the job uses"
  need rate_workers "N, because the rate of requests is divided by it"
  need dead_letters "PREFIX, of files that all TaskManagers can write"
  if [ "$action" = stream ]; then
    need input_kafka_bootstrap_servers "HOST:PORT[,HOST:PORT...]"
    need input_kafka_topic "TOPIC"
  else
    need input "PATTERN"
  fi
  if find_value worker_command && find_value image; then
    refuse "Give --worker_command or --image, not both."
  fi
  find_value image || need worker_command "PATH, or --image IMAGE"
}

# Sets flink to the options that run the job there.
set_options() {
  local job_name
  find_value job_name || value=customerio-$action
  job_name=$value
  [ "$action" = stream ] || find_value job_name || job_name+=-$(date +%Y%m%d-%H%M%S)
  flink=(--runner PortableRunner --job_name "$job_name")
  if find_value image; then
    flink+=(--environment_type DOCKER --environment_config "$value")
  else
    find_value worker_command
    flink+=(--environment_type PROCESS --environment_config "{\"command\": \"$value\"}")
  fi
  [ "$action" = stream ] || return 0
  find_value checkpointing_interval || flink+=(--checkpointing_interval 10000)
  # Without the first a step's last outputs before a checkpoint wait for its next input. The others keep the last
  # checkpoint of a job that is cancelled.
  flink+=(--finish_bundle_before_checkpointing --externalized_checkpoints_enabled)
  flink+=(--retain_externalized_checkpoints_on_cancellation)
  if find_value expansion_service; then
    flink+=(--beam_services "{\"sdks:java:io:expansion-service:shadowJar\": \"$value\"}")
  fi
}

read_command_line worker_command image job_name expansion_service -- "$@"

case "$action" in
  stream | backfill) ;;
  *) refuse "There is no action $(printf %q "$action"): choose stream or backfill. See --help." ;;
esac
check_settings
set_options
[ "$print" = yes ] || use_environment runtime
[ "$skip_check" = yes ] || run .venv/bin/python -m pipeline --check_connection "${flink[@]}" "${passed_on[@]}"
run_in_place .venv/bin/python -m pipeline "${flink[@]}" "${passed_on[@]}"
