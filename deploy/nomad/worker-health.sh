#!/bin/sh
# Asks a node's workers how they are, again and again, and leaves the answer in the allocation's directory: Nomad hands it to
# Muster from there, so that no network leads from Muster to the node (docs/HEALTH.md). The wrapper starts and ends it.
#
#   HEALTH_COMMAND  a shell command that prints the JSON of docs/HEALTH.md, whatever its exit status
#   HEALTH_FILE     where the answer goes; health.json in NOMAD_ALLOC_DIR when absent
#   HEALTH_SECONDS  pause between two runs; 10 when absent
#   HEALTH_TIMEOUT  after so many seconds a run is killed, with all that it started; 5 when absent
set -u

: "${HEALTH_COMMAND:?must be the command that says how the workers are}"
file=${HEALTH_FILE:-${NOMAD_ALLOC_DIR:?must be the directory of the allocation}/health.json}
seconds=${HEALTH_SECONDS:-10}
limit=${HEALTH_TIMEOUT:-5}
most=65000
parent=$PPID
export HEALTH_COMMAND

running=
end() {
  trap '' TERM INT
  [ -n "$running" ] && kill "$running" 2>/dev/null && wait "$running" 2>/dev/null
  rm -f "$file" "$file.said" "$file.new"
  exit 0
}
trap end TERM INT

# In the background and waited for: a trap runs at once then.
await() {
  running=$!
  wait "$running"
  status=$?
  running=
  return "$status"
}

told=
tell() {
  [ "$1" = "$told" ] || echo "health: $1"
  told=$1
}

# An answer of an earlier task is none of this one.
rm -f "$file"
group=
while kill -0 "$parent" 2>/dev/null; do
  # `timeout` leads a process group. What outlives SIGKILL in it hangs in the kernel, as on a dead GPU: one more would, too.
  if [ -n "$group" ] && kill -0 "-$group" 2>/dev/null; then
    rm -f "$file"
    tell 'the command hangs and cannot be killed'
  else
    at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    # shellcheck disable=SC2016 # the inner shell's
    timeout --kill-after=2 "$limit" sh -c '(eval "$HEALTH_COMMAND") | head -c "$1"' sh "$most" >"$file.said" &
    group=$!
    await
    ended=$?
    kill -KILL "-$group" 2>/dev/null
    said=$(cat "$file.said")
    said=${said#"${said%%[![:space:]]*}"}
    case "$ended $said" in
      '0 {'*)
        printf '{"writtenAt":"%s",%s\n' "$at" "${said#?}" >"$file.new" && mv "$file.new" "$file"
        tell 'the command answers'
        ;;
      0*)
        rm -f "$file"
        tell 'the command prints no JSON object'
        ;;
      *)
        rm -f "$file"
        tell "the command took longer than $limit s and was killed"
        ;;
    esac
  fi
  sleep "$seconds" &
  await
done
end
