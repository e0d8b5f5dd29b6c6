#!/bin/sh
# What the containers of compose-worker.sh say of themselves, as one answer; a HEALTH_COMMAND for worker-health.sh.
# SLOTS and HEALTH_PORT are the wrapper's. A container that gives no answer of use is null: unknown.
set -u

slots=${SLOTS:-4}
port=${HEALTH_PORT:-18080}
# All of them together are read up to 64 KB.
most=$((60000 / slots))
# Nobody listens where every container answered once: the wrapper begins to ask when all were healthy. So this one is down.
down='{"modelLoaded":false,"deviceHealthy":true,"lastSuccessAt":null,"inFlight":0}'
newline='
'

# Takes JSON apart without a tool that may not be there: strings become @, other values #, then each object and list of
# them a #, from the innermost out. One body that is no JSON would spoil the answer of all.
is_object() {
  case $1 in '{'*) ;; *) return 1 ;; esac
  left=$(printf '%s\n' "$1" | LC_ALL=C sed -E \
    -e 's/[@#]/x/g' \
    -e 's/"([^"\\[:cntrl:]]|\\["\\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"/@/g' \
    -e 's/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null/#/g' \
    -e 's/ //g' \
    -e ':again' \
    -e 's/\{\}|\[\]|\{@:[@#](,@:[@#])*\}|\[[@#](,[@#])*\]/#/' \
    -e 't again')
  [ "$left" = '#' ]
}

# What the container at this port says.
ask() {
  heard=$(curl --silent --noproxy '*' --max-time 1 --max-filesize "$most" --write-out '\n%{http_code}' \
    "http://127.0.0.1:$1/health")
  case $? in
    0) ;;
    7) echo "$down"; return ;;
    *) echo null; return ;;
  esac
  # On one line, without space at its ends.
  body=$(printf '%s' "${heard%"$newline"*}" | tr '\r\n\t' '   ' | sed -e 's/^ *//' -e 's/ *$//')
  case ${heard##*"$newline"} in
    200 | 503) ;;
    *) body= ;;
  esac
  if [ "${#body}" -le "$most" ] && is_object "$body"; then printf '%s' "$body"; else echo null; fi
}

all=
slot=0
while [ "$slot" -lt "$slots" ]; do
  all="$all${all:+,}$(ask "$((port + slot))")"
  slot=$((slot + 1))
done
printf '{"slots":[%s]}\n' "$all"
