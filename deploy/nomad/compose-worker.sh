#!/bin/sh
# Runs one allocation's model containers on a GPU VM through Compose: one allocation is one VM, SLOTS containers share its
# GPU. Nomad's raw_exec supervises this script, not the containers: they belong to the Docker daemon and outlive a killed
# task. So it clears what an earlier one left before it starts, and stops them itself when it is told to stop.
#
#   PROJECT        the Compose project, one a fleet and zone: containers are found by it
#   SLOTS          containers on this VM
#   COMPOSE_FILE   the model's file
#   STOP_SECONDS   how long a container may finish its request; less than the job's kill_timeout
#   START_SECONDS  until when every container must be healthy, the image's pull included; less than the job's
#                  min_healthy_time; 300 when absent
#   HEALTH_PORT    containers answer for their health at this port and the next SLOTS - 1; 18080 when absent
#   HEALTH_HOST    the VM's address on which they do; every one when absent
#   HEALTH_COMMAND says how they all are, for Muster to read as a file: see worker-health.sh beside this; absent: no file
#   DOCKER_SECONDS how long the Docker daemon may say nothing, while it is restarted say; 60 when absent
#   CPUS           the VM's CPUs; absent: asked for. Each container is pinned to its own share of them
set -u

: "${PROJECT:?must name the Compose project}"
: "${COMPOSE_FILE:?must be the path of the Compose file}"
slots=${SLOTS:-4}
stop_seconds=${STOP_SECONDS:-60}
start_seconds=${START_SECONDS:-300}
docker_seconds=${DOCKER_SECONDS:-60}
service=${SERVICE:-worker}
cpus=${CPUS:-$(nproc)}

health_port=${HEALTH_PORT:-18080}
HEALTH_PORTS="${HEALTH_HOST:+$HEALTH_HOST:}$health_port-$((health_port + slots - 1))"
# Time for each of them, one after the other.
HEALTH_TIMEOUT=${HEALTH_TIMEOUT:-$((slots + 2))}
export HEALTH_PORTS HEALTH_TIMEOUT

compose() { docker compose --project-name "$PROJECT" --file "$COMPOSE_FILE" "$@"; }

# Until every container says that it is healthy: its model is loaded, its device answers. Compose's own limit leaves out the
# pull. `timeout` takes docker and its plugin along within 5 s, also when it is told to stop: killing docker alone could
# leave the plugin at work.
start() {
  exec timeout --kill-after=5 "$start_seconds" docker compose --project-name "$PROJECT" --file "$COMPOSE_FILE" \
    up --detach --wait --wait-timeout "$start_seconds" --remove-orphans --scale "$service=$slots"
}

# By the label and not by the file: an older file may have named other services.
stale() { docker ps --all --quiet --filter "label=com.docker.compose.project=$PROJECT"; }

clear_stale() {
  left=$(stale)
  [ -z "$left" ] && return 0
  echo "removing containers that were left: $(echo "$left" | wc -l)"
  # shellcheck disable=SC2086 # ids, one a word
  docker rm --force $left
}

pin() {
  # Compose gives every replica the same settings, so each is pinned once it runs: slot n gets its own run of CPUs.
  per=$((cpus / slots))
  [ "$per" -ge 1 ] || return 0
  slot=0
  for id in $(compose ps --quiet "$service"); do
    docker update --cpuset-cpus "$((slot * per))-$(((slot + 1) * per - 1))" "$id" >/dev/null || return 1
    slot=$((slot + 1))
  done
}

health=
end_health() {
  [ -n "$health" ] && kill "$health" 2>/dev/null && wait "$health"
  health=
}
trap end_health EXIT

# A daemon that is restarted does not answer for a while, and its containers may run on (live-restore): that is no reason
# to stop them, so only its own answer says that none runs.
any_runs() {
  give_up=$(($(date +%s) + docker_seconds))
  until ids=$(compose ps --quiet --status running "$service"); do
    if [ "$(date +%s)" -ge "$give_up" ]; then
      echo "Docker has not answered for $docker_seconds s"
      return 1
    fi
    sleep 1 &
    wait "$!"
  done
  [ -n "$ids" ] || echo 'no container runs any more'
  [ -n "$ids" ]
}

up=
stopping=
stop() {
  [ -n "$stopping" ] && return
  stopping=yes
  echo 'stopping: workers finish what they hold'
  end_health
  # A start that went on would make containers behind the back of what follows.
  [ -n "$up" ] && kill "$up" 2>/dev/null && wait "$up" 2>/dev/null
  compose stop --timeout "$stop_seconds"
  compose down --remove-orphans --timeout 5
  # What the daemon was still making for the start.
  clear_stale
  [ -n "${logs:-}" ] && kill "$logs" 2>/dev/null
  exit 0
}
# raw_exec stops with SIGINT unless the job says otherwise.
trap stop TERM INT

clear_stale
start &
up=$!
if ! wait "$up"; then
  echo "not all of $slots containers became healthy within $start_seconds s"
  compose down --remove-orphans --timeout 5
  exit 1
fi
up=
pin || echo 'CPUs could not be pinned; the containers share them'
if [ -n "${HEALTH_COMMAND:-}" ]; then
  sh "$(dirname "$0")/worker-health.sh" &
  health=$!
fi

# In the background and waited for: a trap runs at once then, and not when a foreground command has ended.
compose logs --follow --no-log-prefix &
logs=$!
while :; do
  wait "$logs"
  [ -n "$stopping" ] && exit 0
  if ! any_runs; then
    compose down --remove-orphans --timeout 5
    exit 1
  fi
  sleep 1 &
  wait "$!"
  compose logs --follow --no-log-prefix --since 1s &
  logs=$!
done
