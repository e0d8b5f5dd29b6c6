#!/bin/sh
# Watches one VM for maintenance and reports to Muster: {node, event, deadline}.
#
# The metadata server keeps a notice only for a key that is being read: a warning is skipped when nobody has read it since
# the last event. So this asks without gaps, each request waiting on the server for the next change (wait_for_change with
# the last ETag). A report is repeated until Muster takes it, and again every few minutes while the notice stands. What is
# at the start is reported, too, NONE as well: the notice may have been taken back while nobody watched.
#
#   MUSTER_URL                  https://muster.example.com
#   MAINTENANCE_WEBHOOK_SECRET  the bot's secret of the same name
#   NODE_NAME                   the VM's name; the metadata server's when absent
#   AGAIN_SECONDS               a notice that stands is reported again after so long; 300 when absent
#   KEEP_DIR                    a directory that outlives this script, where a standing notice keeps its hour; Nomad's
#                               directory of the task when absent; without either a restart forgets the hour
#   METADATA_URL, NOTICE_SECONDS (an hour for VMs with a GPU), ROUNDS (0: for ever) are for tests and other clouds
set -u

metadata=${METADATA_URL:-http://metadata.google.internal/computeMetadata/v1}
notice_seconds=${NOTICE_SECONDS:-3600}
wait_seconds=${WAIT_SECONDS:-300}
again_seconds=${AGAIN_SECONDS:-300}
rounds=${ROUNDS:-0}
pause=${PAUSE_SECONDS:-5}
work=$(mktemp -d) || exit 1
kept=${KEEP_DIR:-${NOMAD_TASK_DIR:-${NOMAD_ALLOC_DIR:-$work}}}/maintenance-notice

waited=
end() {
  trap '' TERM INT
  [ -n "$waited" ] && kill "$waited" 2>/dev/null && wait "$waited" 2>/dev/null
  exit 0
}
trap end TERM INT
trap 'rm -rf "$work"' EXIT

# In the background and waited for: a trap runs at once then. A request to the metadata server takes minutes, and Nomad
# kills after five seconds, which would leave the secret behind.
await() {
  "$@" &
  waited=$!
  wait "$waited"
  status=$?
  waited=
  return "$status"
}

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

ask() {
  await curl --silent --show-error --fail --header 'Metadata-Flavor: Google' "$@"
}

# The secret goes by a file: arguments can be read by everybody on the machine.
report() {
  (umask 077 && printf 'header = "x-muster-maintenance: %s"\n' "$MAINTENANCE_WEBHOOK_SECRET" >"$work/secret")
  if [ "$event" = NONE ]; then deadline=null; else deadline=$hour; fi
  await curl --silent --show-error --max-time 10 --config "$work/secret" --output /dev/null --write-out '%{http_code}' \
    --header 'content-type: application/json' \
    --data "{\"node\":\"$node\",\"event\":\"$event\",\"deadline\":$deadline}" \
    "$MUSTER_URL/maintenance/notice" >"$work/code"
  code=$(cat "$work/code")
  [ "$code" = 202 ] && return 0
  say "muster did not take the report ($code)"
  return 1
}

# A stop has the hour that the cloud grants from when it was first seen, also for a watcher that is started again. One that
# is long past was another stop's.
set_hour() {
  now=$(date +%s)
  hour=$((now + notice_seconds))
  if [ "$event" = NONE ]; then
    rm -f "$kept"
    return
  fi
  if [ -f "$kept" ] && read -r kept_event kept_hour <"$kept" && [ "$kept_event" = "$event" ]; then
    case $kept_hour in
      '' | 0* | *[!0-9]*) ;;
      *) [ "$now" -lt $((kept_hour + notice_seconds)) ] && hour=$kept_hour ;;
    esac
  fi
  printf '%s %s\n' "$event" "$hour" >"$kept.new" && mv "$kept.new" "$kept"
}

# Is there something to tell? Migration happens under a running VM: nothing has to be done for it.
is_news() {
  case $event in
    '' | MIGRATE_ON_HOST_MAINTENANCE) return 1 ;;
  esac
  [ -z "$told_at" ] && return 0
  [ "$event" != NONE ] && [ $(($(date +%s) - told_at)) -ge "$again_seconds" ]
}

: "${MUSTER_URL:?must be the address of Muster}"
: "${MAINTENANCE_WEBHOOK_SECRET:?must be the secret of Muster}"
node=${NODE_NAME:-}
while [ -z "$node" ]; do
  if ask --max-time 10 --output "$work/name" "$metadata/instance/name"; then
    node=$(cat "$work/name")
  else
    await sleep "$pause"
  fi
done

etag=0
event=
hour=null
told_at=
round=0
say "watching $node"
while :; do
  # The first request answers at once; each later one when something changes, or after the wait.
  query="last_etag=$etag&timeout_sec=$wait_seconds&wait_for_change=true"
  [ "$etag" = 0 ] && query=last_etag=0
  if ask --max-time $((wait_seconds + 30)) --dump-header "$work/head" --output "$work/body" \
    "$metadata/instance/maintenance-event?$query"; then
    etag=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' | tail -n 1)
    [ -n "$etag" ] || etag=0
    seen=$(tr -cd 'A-Z_' <"$work/body")
    if [ -n "$seen" ] && [ "$seen" != "$event" ]; then
      say "event: $seen"
      event=$seen
      told_at=
      set_hour
    fi
  else
    say 'the metadata server does not answer'
    await sleep "$pause"
  fi
  if is_news; then
    if report; then
      told_at=$(date +%s)
    else
      etag=0
      await sleep "$pause"
    fi
  fi
  round=$((round + 1))
  [ "$rounds" -gt 0 ] && [ "$round" -ge "$rounds" ] && exit 0
done
