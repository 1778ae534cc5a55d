/** Whether what an archive holds is its cluster's own past. */
export const pastPart = `# told WORD…: what pgBackRest answers is in $answer. Where it gives none: cause, hint and code.
told() {
  rc=0
  answer=$(pgb "$@") || rc=$?
  [ "$rc" -ne 0 ] || return 0
  translate "$rc"
  cause="the archive of $source cannot be read: $cause"
  return 1
}

told_by_cluster() {
  answer=$(ask "$@" 2>/dev/null) && return
  cause="PostgreSQL $cluster does not answer" hint="pg_ctlcluster $version $name status" code=1
  return 1
}

# A cluster that came back as it was (with its guest's backup, an image, a clone) writes WAL anew that the archive has from the time
# before, and its backups make those of that time expire. pgBackRest knows a cluster by its identifier alone, which is the same then.
# Only looks. Ends with 1, and cause, hint and code, also where it cannot be known: an error is no absence.
is_own_past() {
  told_by_cluster -c 'select pg_is_in_recovery()' || return 1
  [ "$answer" = f ] || return 0
  told repo-ls "archive/$source" || return 1
  archive=$(printf '%s\\n' "$answer" | grep -E '^[0-9.]+-[0-9]+$' | sort -t - -k 2n | tail -n 1)
  [ -n "$archive" ] || return 0
  told repo-ls "archive/$source/$archive" || return 1
  listed=$answer
  told_by_cluster -c 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)' || return 1
  timeline=$answer
  newest_archived || return 1
  # After the archive was looked at: what is finished meanwhile is no sign of anything.
  told_by_cluster -F ' ' -c "select pg_current_wal_lsn(), floor(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / setting::bigint), setting from pg_settings where name = 'wal_segment_size'" || return 1
  # shellcheck disable=SC2086
  set -- $answer
  position=$1 per=$((4294967296 / $3))
  current=$(printf '%s%08X%08X' "$timeline" $(($2 / per)) $(($2 % per)))
  is_not_behind && has_same_branch && has_same_content
}

# The newest whole segment of the cluster's timeline, or nothing. Its folder's files are in $shelf: of a segment, the name with its sum.
newest_archived() {
  newest='' shelf=''
  for folder in $(printf '%s\\n' "$listed" | grep -E "^\${timeline}[0-9A-F]{8}$" | sort -r); do
    told repo-ls "archive/$source/$archive/$folder" || return 1
    shelf=$(printf '%s\\n' "$answer" | grep -E '^[0-9A-F]{24}-[0-9a-f]{40}' | sort)
    newest=$(printf '%s\\n' "$shelf" | tail -n 1 | cut -c 1-24)
    [ -z "$newest" ] || return 0
  done
}

# other_past WHY
other_past() {
  cause="$1: PostgreSQL $cluster is as it was before, and its backups would make those of what came after expire"
  hint="recover it from its archive first: lifeboat restore point-in-time; or give this source another folder; then pulumi up"
  code=13
  return 1
}

is_not_behind() {
  later=$(printf '%s\\n' "$current" "$newest" | sort | tail -n 1)
  if [ "$later" = "$newest" ]; then
    other_past "the archive of $source goes on to the WAL segment $newest, and the cluster writes $current" || return 1
  fi
  # A timeline that has left the cluster's own where that has not come yet. One that was taken back has left it before.
  for history in $(printf '%s\\n' "$listed" | grep -E '^[0-9A-F]{8}\\.history$'); do
    [ "$((0x\${history%.history}))" -gt "$((0x$timeline))" ] || continue
    told repo-get "archive/$source/$archive/$history" || return 1
    leaves=$(printf '%s\\n' "$answer" | awk -v own="$((0x$timeline))" '$1 == own && $2 ~ /^[0-9A-F]+\\/[0-9A-F]+$/ { print $2; exit }')
    [ -n "$leaves" ] || continue
    told_by_cluster -c "select '$position'::pg_lsn < '$leaves'::pg_lsn" || return 1
    [ "$answer" = f ] ||
      other_past "the archive of $source goes on to timeline $((0x\${history%.history})), which begins at $leaves, and the cluster is at $position" || return 1
  done
}

# The same number may have been given twice.
has_same_branch() {
  own_history=$data/pg_wal/$timeline.history
  [ -f "$own_history" ] || return 0
  printf '%s\\n' "$listed" | grep -qx "$timeline.history" || return 0
  told repo-get "archive/$source/$archive/$timeline.history" || return 1
  [ "$answer" = "$(cat "$own_history")" ] ||
    other_past "timeline $((0x$timeline)) of the archive of $source is not the cluster's" || return 1
}

# The first that waits, on which PostgreSQL would wait for ever, and the newest that both have.
has_same_content() {
  waiting=$(find "$data/pg_wal/archive_status" -name '????????????????????????.ready' -printf '%f\\n' | sort | head -n 1)
  waiting=\${waiting%.ready}
  if [ -n "$waiting" ]; then
    told repo-ls "archive/$source/$archive/$(printf %.16s "$waiting")" || return 1
    is_same "$waiting" "$answer" || return 1
  fi
  both=$({
    printf '%s\\n' "$shelf" | cut -c 1-24 | sort -u
    find "$data/pg_wal/" -maxdepth 1 -type f -name "$timeline????????????????" -printf '%f\\n' | awk -v end="$current" '"" $0 < "" end'
  } | sort | uniq -d | tail -n 1)
  [ -z "$both" ] || is_same "$both" "$shelf"
}

# is_same SEGMENT LIST: pgBackRest gives each file its sum as a name.
is_same() {
  sum=$(printf '%s\\n' "$2" | sed -n "s/^$1-\\([0-9a-f]\\{40\\}\\).*$/\\1/p" | head -n 1)
  [ -n "$sum" ] || return 0
  own_sum=$(sha1sum "$data/pg_wal/$1" 2>/dev/null | cut -d ' ' -f 1)
  # PostgreSQL gives the file of one that has arrived another name at any time.
  [ "$own_sum" = "$sum" ] || [ ! -f "$data/pg_wal/$1" ] ||
    other_past "the archive of $source has the WAL segment $1 with other content" || return 1
}
`;
