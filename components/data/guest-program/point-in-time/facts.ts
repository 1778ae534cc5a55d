/** What a recovery is planned from. */
export const factsPart = `# What a recovery is planned from: a key and a value on each line. Changes nothing.
facts() {
  printf 'now %s\\n' "$(date +%s)"
  printf 'data %s\\n' "$data"
  printf 'cluster %s\\n' "$cluster"
  if is_up && [ "$(ask -c 'select pg_is_in_recovery()')" = f ]; then
    echo 'running yes'
    printf 'timeline %s\\n' "$((0x$(ask -c 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)')))"
    printf 'tablespaces %s\\n' "$(ask -c "select count(*) from pg_tablespace where spcname not in ('pg_default', 'pg_global')")"
  else
    echo 'running no'
    if [ -f "$data/global/pg_control" ]; then
      printf 'timeline %s\\n' "$("$bin/pg_controldata" -D "$data" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")"
      printf 'tablespaces %s\\n' "$(find "$data/pg_tblspc" -mindepth 1 | wc -l)"
    fi
  fi
  [ ! -f "$data/global/pg_control" ] ||
    printf 'system %s\\n' "$("$bin/pg_controldata" -D "$data" | sed -n 's/^Database system identifier: *//p')"
  [ ! -f "$data/global/pg_control" ] ||
    printf 'segment %s\\n' "$("$bin/pg_controldata" -D "$data" | sed -n 's/^Bytes per WAL segment: *//p')"
  printf 'free %s\\n' "$(df --block-size=1 --output=avail "\${data%/*}" | tail -n 1 | tr -d ' ')"
  [ ! -f "$kept/recovery" ] || printf 'recovery %s\\n' "$(cat "$kept/recovery")"
  for one in "$data".lifeboat-*; do [ ! -d "$one" ] || printf 'beside %s\\n' "$one"; done
  # Says by itself whether the passphrase is the right one, which \`info\` does not.
  must "the archive of $source cannot be read" repo-get "archive/$source/archive.info" >/dev/null
  # It can be reached: from here on large archives may take longer.
  patience=300
  backups=$(must "the backups of $source cannot be listed" info --output=json)
  printf 'info %s\\n' "$backups"
  listing=$(must "the archive of $source cannot be listed" repo-ls "archive/$source" --recurse --output=json)
  printf 'archive %s\\n' "$listing"
  printf '%s' "$listing" | grep -o '"[0-9]*-[0-9]*/[0-9A-F]\\{8\\}\\.history"' | tr -d '"' | while read -r file; do
    text=$(must "the history $file cannot be read" repo-get "archive/$source/$file")
    printf 'history %s %s\\n' "$file" "$(printf '%s\\n' "$text" | awk '$1 ~ /^[0-9]+$/ { printf "%s%s@%s", s, $1, $2; s = " " }')"
  done || exit
  if is_up && ! is_own_past && [ "$code" -eq 13 ]; then printf 'stray %s\\n' "$cause"; fi
  echo 'end'
}

# Says at once why what is written does not arrive, where that is no matter of waiting.
require_own_past() { is_own_past || fail "$code" "$cause" "$hint"; }

# Ends the WAL segment that is being written and waits for it to arrive, so that the archive reaches until now.
flush() {
  is_up || return 0
  require_own_past
  [ "$(value_of archive_mode)" != off ] || fail 1 "PostgreSQL $cluster archives nothing: archive_mode is off"
  # Something has to be committed after the target: an idle database has no end by which PostgreSQL knows it was reached.
  segment=$(ask -c 'select txid_current()' -c 'select pg_walfile_name(pg_switch_wal())' | tail -n 1)
  left=120
  while [ -f "$data/pg_wal/archive_status/$segment.ready" ] || [ ! -f "$data/pg_wal/archive_status/$segment.done" ]; do
    [ -f "$data/pg_wal/$segment" ] || break
    left=$((left - 1))
    [ "$left" -gt 0 ] || { patience=30; must "the newest WAL does not arrive in the archive" check; fail 1 "WAL segment $segment does not arrive in the archive"; }
    [ $((left % 10)) -ne 7 ] || require_own_past
    sleep 0.5
  done
  printf 'archived %s\\n' "$segment"
}

`;
