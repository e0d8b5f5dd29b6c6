#!/bin/sh
# npm start: sets up what is missing, then becomes node, so that signals reach it.
set -e
cd "$(dirname "$0")/.."
node scripts/setup.mjs --for start "$@"
exec node --enable-source-maps dist/src/cli.js start "$@"
