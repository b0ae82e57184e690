#!/bin/sh
# `tailrace` in an image or under /usr/local/bin: the built program on the Node beside it.
exec node "${TAILRACE_PROGRAM:-/opt/tailrace/dist/node/tailrace.js}" "$@"
