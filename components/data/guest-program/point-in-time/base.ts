/** What every verb uses: the settings, how pgBackRest and the cluster are asked, and what complaints mean. */
export const basePart = `#!/bin/sh
# Point-in-time recovery of a PostgreSQL cluster with pgBackRest. Written by Lifeboat: changes to this file are overwritten.
#
#   lifeboat-data-pitr VERB SOURCE [WORD…]
#
# What a source is told lies in /etc/lifeboat/data/SOURCE/pitr: settings, access-key, secret-key, passphrase, ca.pem.
set -eu
umask 077
export LC_ALL=C TZ=UTC
cd /

config_root=\${LIFEBOAT_DATA_CONFIG:-/etc/lifeboat/data}
say() { printf '%s\\n' "$*" >&2; }

# fail CODE CAUSE [HINT]
fail() {
  say "ERROR: $2"
  [ -z "\${3:-}" ] || say "HINT: $3"
  exit "$1"
}

load_source() {
  source=$1
  case $source in '' | -* | *[!a-z0-9-]*) fail 2 "'$source' is no name of a source" ;; esac
  told=$config_root/$source/pitr
  [ -f "$told/settings" ] || fail 2 "$source has no point-in-time recovery on this guest" "declare pointInTime for it, and run pulumi up"
  cluster='' endpoint='' port=443 bucket='' region=us-east-1 path=/ archive_timeout=300 keep=2 restart=no address='' db_port=5432
  # shellcheck disable=SC1091
  . "$told/settings"
  version=\${cluster%%/*} name=\${cluster#*/}
  find_cluster
  conf=/etc/pgbackrest/lifeboat-$source/pgbackrest.conf
  kept=/var/lib/pgbackrest/lifeboat-$source
  own=/etc/postgresql/$version/$name/conf.d/lifeboat-pitr.conf
  bin=/usr/lib/postgresql/$version/bin
}

# Where the cluster is, as Debian's own list says; a data directory that is not there has no owner there.
find_cluster() {
  command -v pg_lsclusters >/dev/null 2>&1 || fail 1 "Debian's postgresql-common is missing in this guest"
  if [ -n "$cluster" ]; then
    line=$(pg_lsclusters -h "$version" "$name" 2>/dev/null) || line=''
  else
    line=$(pg_lsclusters -h | awk -v port="$db_port" '$3 == port' | head -n 1)
  fi
  [ -n "$line" ] ||
    fail 1 "there is no PostgreSQL cluster \${cluster:-with port $db_port} in this guest: $(pg_lsclusters -h 2>/dev/null | awk '{ printf "%s%s/%s", s, $1, $2; s = ", " }')"
  # shellcheck disable=SC2086
  set -- $line
  version=$1 name=$2 cluster=$1/$2 db_port=$3 owner=$5 data=$6
  case $owner in '<'*) owner=postgres ;; esac
}

as_owner() { runuser -u "$owner" -- "$@"; }

# Seconds that pgBackRest may take where nothing is copied. With a wrong name or authority it would try for minutes.
patience=30

# Never waits for ever; what it complains of lies in $errors.
pgb() {
  as_owner timeout -k 5 "$patience" pgbackrest --config="$conf" --stanza="$source" --log-level-console=off --io-timeout=15 \\
    --log-level-stderr=error "$@" 2>"$errors"
}

# CODE, which is 124 only where timeout ended it: what pgBackRest's complaint means. Sets \`cause\`, \`hint\` and \`code\`.
translate() {
  hint='' code=1
  wait="wait for its end, then again"
  there="what is there is as it was: see that the store runs and that this guest reaches it, and try again"
  place="the bucket $bucket at $endpoint:$port"
  said=$(sed -n 's/^ERROR: \\[[0-9]*\\]: //p' "$errors" | head -n 1)
  case $(cat "$errors") in
  *'unable to flush'* | *'outside of section'* | *'cipher header invalid'*)
    code=12 cause="wrong passphrase: what lies in $place was encrypted with another one"
    hint="set the one with which it was archived in lifeboat:dataSecrets, and run pulumi up" ;;
  *'unable to find hostname'*)
    code=14 cause="the certificate at $endpoint:$port does not name $endpoint as a DNS name" ;;
  *'certificate verify failed'* | *'unable to verify certificate'* | *'self-signed certificate'*)
    code=14 cause="the certificate at $endpoint:$port is not vouched for by the authority that the settings name" ;;
  *InvalidAccessKeyId* | *SignatureDoesNotMatch*)
    code=14 cause="the key of this source is not accepted at $endpoint:$port" ;;
  *AccessDenied*)
    code=14 cause="the key of this source may not do this in $place" ;;
  *NoSuchBucket*)
    code=14 cause="there is no bucket $bucket at $endpoint:$port" ;;
  *'unable to connect'* | *'unable to get address'* | *'timeout after'*)
    code=14 cause="$endpoint:$port cannot be reached: $said" hint=$there ;;
  *'unable to acquire lock'*)
    code=11 cause="pgBackRest is at work on $source already" hint=$wait ;;
  *'do not match the database'*)
    code=13 cause="the archive of $source in $place belongs to another cluster than $cluster"
    hint="recover that one, or give this source another folder: a new cluster would push the backups of the old one out" ;;
  *)
    cause=\${said:-$(tail -n 1 "$errors")}
    [ -n "$cause" ] || cause="pgBackRest ended without a word" ;;
  esac
  # What it said did not fit either.
  if [ ! -s "$errors" ] && [ "$(df --output=avail "$kept" | tail -n 1 | tr -d ' ')" = 0 ]; then
    code=1 cause="No space left on device: $kept"
    return
  fi
  [ "$1" -ne 124 ] || { code=14 cause="$endpoint:$port cannot be reached: no answer within $patience s" hint=$there; }
}

# must WHAT WORD…: pgBackRest has to do it.
must() {
  what=$1
  shift
  rc=0
  pgb "$@" || rc=$?
  [ "$rc" -eq 0 ] && return
  translate "$rc"
  fail "$code" "$what: $cause" "$hint"
}

# Asks the cluster as its owner, at the cluster's own socket.
ask() {
  as_owner env PGCONNECT_TIMEOUT=10 psql -X -A -t -q -v ON_ERROR_STOP=1 --cluster "$version/$name" -d postgres "$@" </dev/null
}

is_up() { as_owner "$bin/pg_ctl" status -D "$data" >/dev/null 2>&1; }

prepare_folders() {
  for folder in /etc/pgbackrest /var/lib/pgbackrest; do [ -d "$folder" ] || install -d -m 0755 "$folder"; done
  install -d -m 0700 -o "$owner" "\${conf%/*}" "$kept" "$kept/log" "$kept/lock"
  errors=$kept/errors.$$
  : >"$errors"
  trap 'rm -f "$errors"' EXIT
}

# One at a time: what is recovered is not backed up and expired meanwhile.
lock() {
  exec 9>"$kept/verb.lock"
  flock -n 9 || fail 11 "another recovery or backup of $source is at work" "wait for its end, then again"
}
`;
