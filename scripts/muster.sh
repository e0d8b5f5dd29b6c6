#!/bin/sh
# npm run --silent muster -- <subcommand> …: sets up what is missing (saying so on standard error), then becomes node.
set -e
cd "$(dirname "$0")/.."
node scripts/setup.mjs --for cli "$@"
exec node --enable-source-maps dist/src/cli.js "$@"
