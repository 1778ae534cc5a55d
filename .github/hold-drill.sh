#!/bin/sh
# Holds a drill of the whole site, and keeps what it says: hold-drill.sh FOLDER
#
# Goes on after a failure, so that the evidence is whole. SHA256SUMS is over all of it, and signed where LIFEBOAT_DRILL_KEY is a
# private key of SSH. Ends with 1 when a command has not ended with 0. LIFEBOAT: the program, `node dist/lifeboat.cjs` by default.
set -u
umask 077
folder=${1:?a folder for the evidence}
program=${LIFEBOAT:-node dist/lifeboat.cjs}
failed=0
mkdir -p "$folder" || exit 1

keep() {
  name=$1
  shift
  # shellcheck disable=SC2086 # a program and its first argument
  $program "$@" --json >"$folder/$name.json" 2>"$folder/$name.log"
  code=$?
  echo "$name: lifeboat $* ended with $code" | tee -a "$folder/summary.txt"
  [ "$code" -eq 0 ] || failed=1
}

{
  echo "begun: $(date -u '+%Y-%m-%dT%H:%M:%SZ')"
  echo "commit: ${GITHUB_SHA:-unknown}"
  echo "run: ${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/actions/runs/${GITHUB_RUN_ID:-}"
} >"$folder/summary.txt"
keep drill drill --force
keep verify verify
keep check check
keep inventory inventory
echo "ended: $(date -u '+%Y-%m-%dT%H:%M:%SZ')" >>"$folder/summary.txt"

cd "$folder" || exit 1
sha256sum -- *.json *.log summary.txt >SHA256SUMS || exit 1
if [ -n "${LIFEBOAT_DRILL_KEY:-}" ]; then
  key=$(mktemp) || exit 1
  trap 'rm -f "$key"' EXIT
  printf '%s\n' "$LIFEBOAT_DRILL_KEY" >"$key"
  ssh-keygen -Y sign -q -f "$key" -n lifeboat-drill SHA256SUMS || exit 1
fi
exit "$failed"
