#!/bin/sh
# Watches one VM for maintenance and reports to Muster: {node, event, deadline}.
#
# The metadata server keeps a notice only for a key that is being read: a warning is skipped when nobody has read it since
# the last event. So this asks without gaps, each request waiting on the server for the next change (wait_for_change with
# the last ETag). A report is repeated until Muster takes it, and again every few minutes while the notice stands.
#
#   MUSTER_URL                  https://muster.example.com
#   MAINTENANCE_WEBHOOK_SECRET  the bot's secret of the same name
#   NODE_NAME                   the VM's name; the metadata server's when absent
#   METADATA_URL, NOTICE_SECONDS (an hour for VMs with a GPU), ROUNDS (0: for ever) are for tests and other clouds
set -u

metadata=${METADATA_URL:-http://metadata.google.internal/computeMetadata/v1}
notice_seconds=${NOTICE_SECONDS:-3600}
wait_seconds=${WAIT_SECONDS:-300}
rounds=${ROUNDS:-0}
pause=${PAUSE_SECONDS:-5}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"; exit 0' TERM INT
trap 'rm -rf "$work"' EXIT

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

ask() {
  curl --silent --show-error --fail --header 'Metadata-Flavor: Google' "$@"
}

# The secret goes by a file: arguments can be read by everybody on the machine.
report() {
  (umask 077 && printf 'header = "x-muster-maintenance: %s"\n' "$MAINTENANCE_WEBHOOK_SECRET" >"$work/secret")
  if [ "$event" = NONE ]; then deadline=null; else deadline=$hour; fi
  code=$(curl --silent --show-error --max-time 10 --config "$work/secret" --output /dev/null --write-out '%{http_code}' \
    --header 'content-type: application/json' \
    --data "{\"node\":\"$node\",\"event\":\"$event\",\"deadline\":$deadline}" \
    "$MUSTER_URL/maintenance/notice")
  [ "$code" = 202 ] && return 0
  say "muster did not take the report ($code)"
  return 1
}

: "${MUSTER_URL:?must be the address of Muster}"
: "${MAINTENANCE_WEBHOOK_SECRET:?must be the secret of Muster}"
node=${NODE_NAME:-}
while [ -z "$node" ]; do
  node=$(ask --max-time 10 "$metadata/instance/name") || sleep "$pause"
done

etag=0
event=
hour=null
told=
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
    now=$(tr -cd 'A-Z_' <"$work/body")
    if [ "$now" != "$event" ]; then
      say "event: $now"
      event=$now
      # NONE at the start is no news; a stop has the hour that the cloud grants from now on.
      hour=$(($(date +%s) + notice_seconds))
      [ -z "$told" ] && [ "$event" = NONE ] && told=NONE
    fi
    # Migration happens under a running VM: nothing has to be done for it.
    [ "$event" = MIGRATE_ON_HOST_MAINTENANCE ] && told=$event
  else
    say 'the metadata server does not answer'
    sleep "$pause"
  fi
  if [ -n "$event" ] && [ "$told" != "$event" ]; then
    if report; then told=$event; else etag=0; sleep "$pause"; fi
  fi
  round=$((round + 1))
  [ "$rounds" -gt 0 ] && [ "$round" -ge "$rounds" ] && exit 0
done
