/** The recovery, in steps. */
export const recoverPart = `# A recovery in steps that can each be made again. The database runs on until \`swap\`, and its data directory is kept then.
#
#   $data.lifeboat-new-ID     what is being recovered
#   $data.lifeboat-old-ID     what was there before
#   $data.lifeboat-undone-ID  what was recovered and taken back

require_id() {
  case $1 in '' | *[!A-Za-z0-9-]*) fail 2 "'$1' is no name of a recovery" ;; esac
  id=$1
  new=$data.lifeboat-new-$id old=$data.lifeboat-old-$id undone=$data.lifeboat-undone-$id
}

require_own() {
  [ -f "$kept/recovery" ] || fail 1 "no recovery of $source is under way"
  [ "$(cut -d ' ' -f 1 "$kept/recovery")" = "$id" ] ||
    fail 13 "another recovery of $source is half done: $(cut -d ' ' -f 1 "$kept/recovery")" "finish that one, or take it back"
}

# fetch ID SET TYPE TARGET TIMELINE BYTES ARCHIVE RANGE…: brings the backup and all that leads to the target beside what is there.
fetch_set() {
  require_id "$1"
  set_=$2 type=$3 target=$4 timeline=$5 bytes=$6 archive=$7
  shift 7
  if [ -f "$kept/recovery" ]; then require_own; fi
  [ ! -e "$old" ] || fail 13 "the recovery $id has been put in place already"
  must "the archive of $source cannot be read" repo-get "archive/$source/archive.info" >/dev/null
  # What the plan counted on may have been expired since.
  files_of "$@" >/dev/null
  if [ -d "$data/pg_tblspc" ] && [ -n "$(find "$data/pg_tblspc" -mindepth 1 -print -quit)" ]; then
    fail 13 "PostgreSQL $cluster has tablespaces outside of its data directory, which Lifeboat does not recover to a point in time"
  fi
  rm -rf "$new"
  free=$(df --block-size=1 --output=avail "\${data%/*}" | tail -n 1 | tr -d ' ')
  [ "$free" -gt "$bytes" ] ||
    fail 1 "there is no room beside $data: $((bytes / 1048576)) MiB are needed, since what is there is kept, and $((free / 1048576)) MiB are free"
  printf '%s %s %s %s\\n' "$id" "$set_" "$timeline" "$type" >"$kept/recovery.new"
  mv "$kept/recovery.new" "$kept/recovery"
  as_owner install -d -m 0700 "$new"
  rc=0
  command="pgbackrest --config=$conf --stanza=$source archive-get %f \\"%p\\""
  as_owner pgbackrest --config="$conf" --stanza="$source" --log-level-console=off --log-level-stderr=error \\
    --pg1-path="$new" --set="$set_" --type="$type" --target="$target" --target-timeline="$timeline" \\
    --target-action=promote --recovery-option="restore_command=$command" restore 2>"$errors" || rc=$?
  if [ "$rc" -ne 0 ]; then
    translate 1
    rm -rf "$new" "$kept/recovery"
    fail "$code" "the backup $set_ cannot be fetched: $cause; PostgreSQL $cluster is as it was" "$hint"
  fi
  echo "fetched $new"
}

# Starts a server of its own on what was fetched, which nobody else reaches, while the database runs on. It replays up to the target
# and waits there: what fails, fails here. It can be made again.
start_replay() {
  require_own
  [ -d "$new" ] || fail 1 "what was to be recovered is not there: $new"
  stop_private
  socket=$kept/replay
  rm -rf "$socket"
  install -d -m 0700 -o "$owner" "$socket"
  printf 'local all all peer\\n' >"$socket/hba"
  chown "$owner" "$socket/hba"
  log=$socket/log
  command="pgbackrest --config=$conf --stanza=$source --pg1-path=$new archive-get %f \\"%p\\""
  options="-c config_file=/etc/postgresql/$version/$name/postgresql.conf -c data_directory=$new -c hba_file=$socket/hba"
  options="$options -c listen_addresses= -c unix_socket_directories=$socket -c port=5432 -c external_pid_file=$socket/pid"
  options="$options -c archive_mode=off -c hot_standby=on -c recovery_target_action=pause -c logging_collector=off"
  options="$options -c log_destination=stderr -c log_min_messages=log -c lc_messages=C -c restore_command='$command'"
  as_owner "$bin/pg_ctl" start -D "$new" -w -t 2000000 -s -l "$log" -o "$options" >/dev/null 9>&- || replay_failed
  while :; do
    as_owner "$bin/pg_ctl" status -D "$new" >/dev/null 2>&1 || replay_failed
    found=$(ask_private 'select pg_is_in_recovery()::int || pg_get_wal_replay_pause_state()' 2>/dev/null) || found=''
    case $found in 1paused) break ;; 0*) replay_failed ;; esac
    sleep 0.5
  done
  printf 'reached %s\\n' "$(ask_private "select pg_last_wal_replay_lsn() || ' ' || coalesce(to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '-')")"
  sed -n 's/^.*LOG:  \\(recovery stopping .*\\)$/said \\1/p' "$log" | tail -n 1
}

end_replay() {
  stop_private
  rm -rf "$socket"
}

replay() {
  require_id "$1"
  start_replay
  if [ -n "\${2:-}" ]; then
    answer=$(ask_private "$2" "\${3:-postgres}" 2>&1) || { end_replay; fail 3 "the question to what was recovered failed: $answer; PostgreSQL $cluster is as it was"; }
    printf 'answer %s\\n' "$(json "$answer")"
  fi
  end_replay
}

ask_private() {
  as_owner env PGCONNECT_TIMEOUT=10 psql -X -A -t -q -v ON_ERROR_STOP=1 -h "$socket" -p 5432 -d "\${2:-postgres}" -c "$1" </dev/null
}

stop_private() {
  [ ! -f "$new/postmaster.pid" ] || as_owner "$bin/pg_ctl" stop -D "$new" -m fast -w -t 600 -s >/dev/null 2>&1 || :
}

replay_failed() {
  why=$(sed -n 's/^.*FATAL:  //p' "$log" 2>/dev/null | tail -n 1)
  lost=$(sed -n 's/^.*unable to find \\([0-9A-F]\\{24\\}\\) in the archive.*$/\\1/p' "$log" 2>/dev/null | tail -n 1)
  stop_private
  code=1
  case $why in
  *'before configured recovery target was reached'*)
    code=10 why="the target was not reached: the WAL ends before it\${lost:+, at segment $lost}" ;;
  '') why="what was recovered does not start: $(tail -n 1 "$log" 2>/dev/null)" ;;
  esac
  rm -rf "$new" "$socket" "$kept/recovery"
  fail "$code" "$why; PostgreSQL $cluster is as it was"
}

# Where the cluster that was there may not archive, what was recovered does: from its first segment on, since no other place has it.
archive_recovered() {
  [ ! -f "$own" ] || return 0
  : >"$kept/archiving-$id"
  write_archiving
  mv "$own.new" "$own"
}

# Puts what was recovered in the place of what is there, which is kept. Made again after a kill, it goes on where it was.
swap() {
  require_id "$1"
  require_own
  if [ -d "$new" ]; then
    [ -f "$new/recovery.signal" ] || fail 13 "$new is no recovery that was fetched"
    [ ! -f "$new/postmaster.pid" ] || stop_private
    if [ -d "$data" ]; then
      [ ! -e "$old" ] || fail 13 "$old is there already, and so is $data"
      stop_cluster
      mv -T "$data" "$old"
      sync
    fi
    mv -T "$new" "$data"
    sync
  fi
  archive_recovered
  is_up || start_cluster
  await_promotion
}

stop_cluster() {
  is_up || return 0
  pg_ctlcluster "$version" "$name" stop -m fast >&2 || :
  ! is_up || fail 1 "PostgreSQL $cluster does not stop; nothing was put in its place"
}

start_cluster() {
  # It comes back at once, or with an error; the recovery itself is waited for.
  pg_ctlcluster "$version" "$name" start >&2 9>&- || is_up ||
    fail 1 "PostgreSQL $cluster does not start on what is in $data; what was there before is kept in $old" "undo brings it back"
}

await_promotion() {
  while :; do
    is_up || fail 1 "PostgreSQL $cluster has stopped during its recovery; what was there before is kept in $old" "undo brings it back"
    found=$(ask -c 'select pg_is_in_recovery()' 2>/dev/null) || found=''
    [ "$found" != f ] || break
    sleep 0.5
  done
  wake_checkpointer
}

# Whether it runs on a timeline of its own, and whether its WAL arrives.
prove() {
  require_id "$1"
  require_own
  is_up || fail 1 "PostgreSQL $cluster does not run" "undo brings back what was there before"
  [ "$(ask -c 'select pg_is_in_recovery()')" = f ] || fail 1 "PostgreSQL $cluster is still in recovery"
  patience=120
  must "WAL of the recovered cluster does not arrive in the archive" check
  printf 'timeline %s\\n' "$((0x$(ask -c 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)')))"
}

# Ends the recovery: from now on backups expire again. What was there before stays until it is forgotten.
finish() {
  require_id "$1"
  [ -f "$kept/recovery" ] || return 0
  require_own
  [ ! -d "$new" ] || fail 13 "the recovery $id has not been put in place"
  mv "$kept/recovery" "$kept/done-$id"
}

# Before \`swap\`: removes what was fetched. After it: brings back what was there before.
undo() {
  require_id "$1"
  if [ -f "$kept/recovery" ]; then require_own; fi
  [ -d "$new" ] || [ -d "$old" ] || [ -d "$undone" ] || [ -f "$kept/recovery" ] || fail 10 "no recovery $id of $source is on this guest"
  if [ -d "$new" ] && [ -d "$data" ]; then
    stop_private
    rm -rf "$new"
  elif [ -d "$old" ]; then
    [ ! -f "$kept/archiving-$id" ] || rm -f "$own"
    if [ -d "$data" ]; then
      [ ! -e "$undone" ] || fail 13 "$undone is there already"
      stop_cluster
      mv -T "$data" "$undone"
      sync
    fi
    mv -T "$old" "$data"
    sync
    if [ -d "$new" ]; then stop_private && rm -rf "$new"; fi
  fi
  [ -d "$data" ] || fail 1 "neither $data nor $old is there"
  is_up || start_cluster
  await_promotion
  rm -rf "$kept/recovery" "$kept/extracted" "$kept/replay" "$kept/archiving-$id"
  echo "undone $data"
}

# Removes what was kept of a recovery: only folders with its name, and only of one that was finished or undone here.
forget() {
  require_id "$1"
  [ -f "$kept/done-$id" ] || [ -d "$undone" ] || fail 10 "no recovery $id of $source has ended on this guest"
  [ ! -f "$kept/recovery" ] || fail 13 "a recovery of $source is under way"
  { [ -d "$data" ] && is_up; } || fail 13 "PostgreSQL $cluster does not run: what was kept stays"
  rm -rf "$old" "$undone" "$kept/done-$id" "$kept/archiving-$id"
  echo "forgotten $id"
}
`;
