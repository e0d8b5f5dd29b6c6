#!/bin/sh
# What the containers of compose-worker.sh say of themselves, as one answer; a HEALTH_COMMAND for worker-health.sh.
# SLOTS and HEALTH_PORT are the wrapper's. A container that does not answer with an object is null: unknown.
set -u

slots=${SLOTS:-4}
port=${HEALTH_PORT:-18080}
all=
slot=0
while [ "$slot" -lt "$slots" ]; do
  said=$(curl --silent --noproxy '*' --max-time 1 "http://127.0.0.1:$((port + slot))/health")
  case $said in
    '{'*'}') ;;
    *) said=null ;;
  esac
  all="$all${all:+,}$said"
  slot=$((slot + 1))
done
printf '{"slots":[%s]}\n' "$all"
