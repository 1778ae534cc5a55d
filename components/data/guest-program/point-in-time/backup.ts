/** Backups, and what is known of the archive. */
export const backupPart = `# Whole or not at all: where there is no room for it, what was there stays.
note_state() {
  printf '%s %s\\n' "$(date +%s)" "$1" >"$kept/state.new" && mv "$kept/state.new" "$kept/state" && return
  rm -f "$kept/state.new"
  say "CARE: what status tells is older than this: $kept/state cannot be written"
  return 1
}

# After a clean start it sleeps for checkpoint_timeout, and the archive timeout does not count before it has woken up once.
wake_checkpointer() { ask -c 'select pg_reload_conf()' >/dev/null; }

# A recovery that is under way needs what the archive has now. Who has recovered may want to go to another point, or back: for a
# week what led there stays, also where new full backups would push it out. What is forgotten is not waited for.
may_expire() {
  [ ! -f "$kept/recovery" ] && [ -z "$(find "$kept" -maxdepth 1 -name 'done-*' -mtime -7 -print -quit)" ]
}

back_up() {
  case $1 in full | diff) ;; *) fail 2 "a backup is full or diff, not '$1'" ;; esac
  is_up || { note_state "failed PostgreSQL $cluster does not run" || :; fail 1 "PostgreSQL $cluster does not run"; }
  if needs_restart; then
    note_state restart-needed || :
    fail 1 "nothing is archived: PostgreSQL $cluster has to be restarted once, for archive_mode" "pg_ctlcluster $version $name restart"
  fi
  if ! is_own_past; then
    note_state "failed $cause" || :
    fail "$code" "no $1 backup of $source: $cause" "$hint"
  fi
  expire=y
  may_expire || expire=n
  rc=0
  as_owner pgbackrest --config="$conf" --stanza="$source" --log-level-console=off --log-level-stderr=error \\
    --expire-auto="$expire" --type="$1" backup 2>"$errors" || rc=$?
  if [ "$rc" -ne 0 ]; then
    translate 1
    note_state "failed $cause" || :
    fail "$code" "no $1 backup of $source: $cause" "$hint"
  fi
  note_state "backup $1"
  printf 'SUCCESS %s backup of %s\\n' "$1" "$source"
}

# Ends well also where a restart is waited for: then there is nothing to back up yet.
has_backup() {
  [ "$(cut -d ' ' -f 2 "$kept/state")" != restart-needed ] || return 0
  listed=$(must "the backups of $source cannot be listed" info --output=json)
  case $listed in *'"label":'*) ;; *) return 1 ;; esac
}

# Text as JSON.
json() { printf '%s' "$1" | tr -d '\\000-\\010\\013\\014\\016-\\037' | sed -e 's/\\\\/\\\\\\\\/g' -e 's/"/\\\\"/g' | awk 'BEGIN { printf "\\"" } { if (NR > 1) printf "\\\\n"; printf "%s", $0 } END { printf "\\"" }'; }

# Seconds for which a finished WAL segment has been waiting for its archive; 0 where none waits.
waiting_seconds() {
  oldest=$(find "$data/pg_wal/archive_status" -name '*.ready' -printf '%T@\\n' 2>/dev/null | sort -n | head -n 1)
  [ -n "$oldest" ] || { echo 0; return; }
  echo $(($(date +%s) - \${oldest%%.*}))
}

status() {
  last=$(cat "$kept/state" 2>/dev/null) || last=''
  up=false wal=null archived=null failures=0
  if is_up && row=$(ask -F ' ' -c "select coalesce(last_archived_wal, '-'), coalesce(extract(epoch from last_archived_time)::bigint, 0), failed_count from pg_stat_archiver" 2>/dev/null); then
    up=true
    # shellcheck disable=SC2086
    set -- $row
    [ "$1" = - ] || { wal=\\"$1\\" archived=$2; }
    failures=$3
  fi
  state=\${last#* }
  printf '{"version":1,"source":%s,"at":%s,"running":%s,"state":%s,"stateAt":%s,"lastWal":%s,"lastArchivedAt":%s,"failures":%s,"waitingSeconds":%s,"archiveTimeout":%s}\\n' \\
    "$(json "$source")" "$(date +%s)" "$up" "$(json "\${state:-never run}")" "\${last%% *}" "$wal" "$archived" "$failures" "$(waiting_seconds)" "$archive_timeout" |
    sed 's/"stateAt":,/"stateAt":null,/'
}
`;
