/** Has a cluster archive its WAL, without destroying what its owner has set. */
export const installPart = `# The configuration holds the keys and the passphrase.
write_configuration() {
  new=/etc/pgbackrest/lifeboat-$source/new.conf
  ca=/etc/pgbackrest/lifeboat-$source/ca.pem
  if [ -f "$told/ca.pem" ]; then install -m 0644 "$told/ca.pem" "$ca"; else rm -f "$ca"; fi
  {
    printf '[global]\\nrepo1-type=s3\\nrepo1-s3-uri-style=path\\nrepo1-s3-endpoint=%s\\nrepo1-storage-port=%s\\n' "$endpoint" "$port"
    [ ! -f "$ca" ] || printf 'repo1-storage-ca-file=%s\\n' "$ca"
    printf 'repo1-s3-bucket=%s\\nrepo1-s3-region=%s\\nrepo1-path=%s\\n' "$bucket" "$region" "$path"
    printf 'repo1-s3-key=%s\\nrepo1-s3-key-secret=%s\\n' "$(cat "$told/access-key")" "$(cat "$told/secret-key")"
    printf 'repo1-cipher-type=aes-256-cbc\\nrepo1-cipher-pass=%s\\n' "$(cat "$told/passphrase")"
    printf 'repo1-retention-full=%s\\ncompress-type=zst\\nstart-fast=y\\nprocess-max=2\\n' "$keep"
    # Segments go one by one: asynchronously, those behind one that is refused for its content arrive all the same.
    printf 'log-path=%s/log\\nlog-level-file=info\\nlock-path=%s/lock\\n' "$kept" "$kept"
    printf '\\n[%s]\\npg1-path=%s\\npg1-port=%s\\n' "$source" "$data" "$db_port"
    sockets=$(ask -c "select split_part(current_setting('unix_socket_directories'), ',', 1)" 2>/dev/null) || sockets=''
    [ -z "$sockets" ] || printf 'pg1-socket-path=%s\\n' "$sockets"
  } >"$new"
  chown "$owner" "$new"
  chmod 0600 "$new"
  mv "$new" "$conf"
}

# Another folder begins another archive. What the former one waits for goes there first, by the key of now: else the last segments
# would lie behind no backup of the new one, and be missing in the former. One that takes nothing any more stops nobody.
finish_former() {
  [ -f "$conf" ] || return 0
  ! grep -qxF "repo1-path=$path" "$conf" || return 0
  for line in "repo1-s3-endpoint=$endpoint" "repo1-s3-bucket=$bucket"; do grep -qxF "$line" "$conf" || return 0; done
  [ "$(value_of archive_command)" = "$(archive_command)" ] || return 0
  new=/etc/pgbackrest/lifeboat-$source/new.conf
  {
    sed -n 1p "$conf"
    printf 'repo1-s3-key=%s\\nrepo1-s3-key-secret=%s\\n' "$(cat "$told/access-key")" "$(cat "$told/secret-key")"
    sed -e 1d -e '/^repo1-s3-key/d' "$conf"
  } >"$new"
  chown "$owner" "$new"
  chmod 0600 "$new"
  mv "$new" "$conf"
  rc=0 patience=120
  pgb check || rc=$?
  [ "$rc" -eq 0 ] || translate "$rc"
  patience=30
  [ "$rc" -eq 0 ] || say "CARE: the former archive ends with the last segment that has arrived: $cause"
}

archive_command() { printf 'pgbackrest --config=%s --stanza=%s archive-push %%p' "$conf" "$source"; }

value_of() { ask -c "select setting from pg_settings where name = '$1'"; }

# Where a setting of the cluster comes from: file and line.
place_of() { ask -c "select coalesce(sourcefile || ', line ' || sourceline, source) from pg_settings where name = '$1'"; }

# An archive of somebody else's would end without a word.
refuse_foreign_archive() {
  found=$(value_of archive_command) || fail 1 "PostgreSQL $cluster does not answer" "pg_ctlcluster $version $name status"
  where=$(place_of archive_command)
  case $found in '' | '(disabled)') found=$(ask -c "select coalesce(reset_val, '') from pg_settings where name = 'archive_command'") ;; esac
  case $where in "$own,"*) found='' ;; esac
  case $found in '' | '(disabled)') ;;
  *) fail 13 "PostgreSQL $cluster archives its WAL already: archive_command = '$found' ($where)" \\
    "remove it there once that archive is not needed any more, or remove pointInTime from $source" ;;
  esac
  library=$(ask -c "select coalesce((select setting from pg_settings where name = 'archive_library'), '')")
  [ -z "$library" ] ||
    fail 13 "PostgreSQL $cluster archives its WAL already: archive_library = '$library' ($(place_of archive_library))" \\
      "remove it there once that archive is not needed any more, or remove pointInTime from $source"
}

# A file of its own: what the owner has set elsewhere stays, and wins where it is named later. It has no other effect yet.
write_archiving() {
  [ -d "\${own%/*}" ] || fail 1 "PostgreSQL $cluster has no folder \${own%/*} for settings"
  {
    printf '# Written by Lifeboat for the source %s.\\n' "$source"
    printf "archive_mode = on\\narchive_command = '%s'\\narchive_timeout = %s\\n" "$(archive_command)" "$archive_timeout"
    [ "\${1:-}" != minimal ] || printf 'wal_level = replica\\n'
    ! grep -q '^wal_level' "$own" 2>/dev/null || printf 'wal_level = replica\\n'
  } | sort -u >"$own.new"
  chmod 0644 "$own.new"
}

set_archiving() {
  write_archiving "$(value_of wal_level)"
  if cmp -s "$own.new" "$own"; then rm "$own.new"; else mv "$own.new" "$own"; fi
  ask -c 'select pg_reload_conf()' >/dev/null
  left=20
  while [ "$(value_of archive_command)" = '(disabled)' ] || [ -z "$(value_of archive_command)" ]; do
    [ "$(value_of archive_mode)" != off ] || break
    left=$((left - 1))
    [ "$left" -gt 0 ] || break
    sleep 0.5
  done
}

require_set() {
  for pair in "archive_command=$(archive_command)" "archive_timeout=$archive_timeout"; do
    [ "$(value_of "\${pair%%=*}")" = "\${pair#*=}" ] ||
      fail 13 "\${pair%%=*} of PostgreSQL $cluster is set elsewhere: '$(value_of "\${pair%%=*}")' ($(place_of "\${pair%%=*}"))" \\
        "remove it there: Lifeboat's stands in $own"
  done
}

needs_restart() { [ "$(value_of archive_mode)" = off ] || [ "$(value_of wal_level)" = minimal ]; }

# pgBackRest believes no address in a certificate: what has a name only there gets it here.
name_store() {
  [ -n "$address" ] || return 0
  mark="# lifeboat-data-pitr $source"
  grep -v -F "$mark" /etc/hosts >"$kept/hosts" || :
  printf '%s %s %s\\n' "$address" "$endpoint" "$mark" >>"$kept/hosts"
  # /etc/hosts may be a mount of its own: it is written, not replaced.
  cmp -s "$kept/hosts" /etc/hosts || cat "$kept/hosts" >/etc/hosts
  rm -f "$kept/hosts"
}

# PostgreSQL archives the history of a timeline once, where it begins. An archive that is begun later has it from here: without it no
# point of that timeline can be recovered to.
send_histories() {
  for history in "$data"/pg_wal/*.history; do
    [ ! -f "$history" ] ||
      must "the history of a timeline does not arrive in the archive" archive-push "$history" </dev/null
  done
}

install_source() {
  command -v pgbackrest >/dev/null 2>&1 || install_pgbackrest
  is_up || fail 1 "PostgreSQL $cluster does not run" "pg_ctlcluster $version $name start"
  refuse_foreign_archive
  name_store
  finish_former
  write_configuration
  must "the archive cannot be reached" repo-ls >/dev/null
  # Before anything is archived: what is written here leads to a recovery also where it ends.
  must "the archive of $source cannot be made" stanza-create
  require_own_past
  set_archiving
  if needs_restart; then
    if [ "$restart" != yes ]; then
      note_state restart-needed
      say "WAITING: nothing is archived until PostgreSQL $cluster has been restarted once, for archive_mode"
      say "HINT: pg_ctlcluster $version $name restart in the guest, or pointInTime.restart: true in the settings; then pulumi up"
      return
    fi
    pg_ctlcluster "$version" "$name" restart >&2 9>&- || fail 1 "PostgreSQL $cluster does not start again" "see its log in /var/log/postgresql"
    wake_checkpointer
  fi
  require_set
  send_histories
  patience=120
  must "WAL does not arrive in the archive" check
  note_state installed
}

install_pgbackrest() {
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update && apt-get install --yes --no-install-recommends pgbackrest; } >&2 ||
    fail 1 "pgbackrest is missing in this guest and cannot be installed" "install the package pgbackrest there"
}

# Stops archiving; what lies in the archive stays. Without a command that ends well WAL would pile up until the next restart.
remove_source() {
  if [ -f "$own" ] && grep -q -F "source $source." "$own"; then
    printf "# Written by Lifeboat for the source %s.\\narchive_mode = off\\narchive_command = '/bin/true'\\n" "$source" >"$own.new"
    chmod 0644 "$own.new"
    mv "$own.new" "$own"
    ! is_up || ask -c 'select pg_reload_conf()' >/dev/null
  fi
  rm -rf "/etc/pgbackrest/lifeboat-\${source:?}"
}
`;
