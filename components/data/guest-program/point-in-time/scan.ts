/** Looks for the target of a recovery in the WAL itself. */
export const scanPart = `# Loads WAL files into $work. Each is what its name says it is, or it is no proof.
load_segments() {
  for file; do
    segment=\${file##*/}
    segment=\${segment%%-*}
    [ ! -f "$work/$segment" ] || continue
    rc=0
    pgb repo-get "archive/$source/$file" >"$work/part" || rc=$?
    [ "$rc" -eq 0 ] || { translate "$rc"; fail "$code" "WAL segment $segment cannot be read: $cause" "$hint"; }
    case $file in
    *.zst) zstd -q -d -c "$work/part" >"$work/whole" || fail 10 "WAL segment $segment is damaged in the archive" ;;
    *.gz) gzip -d -c "$work/part" >"$work/whole" || fail 10 "WAL segment $segment is damaged in the archive" ;;
    *) mv "$work/part" "$work/whole" ;;
    esac
    sum=\${file##*-}
    [ "$(sha1sum "$work/whole" | cut -d ' ' -f 1)" = "\${sum%%.*}" ] || fail 10 "WAL segment $segment is damaged in the archive"
    mv "$work/whole" "$work/$segment"
  done
}

# Ends of transactions and named points in the WAL of one timeline: \`time\`, \`xid\`, \`lsn\` and \`kind\`, or \`point\`, \`lsn\` and the name.
# The last record of what is there may go on in a segment that is not.
ends_in() {
  { "$bin/pg_waldump" --path="$work" "$1" "$2" 2>/dev/null || :; } | awk '
    { match($0, /lsn: [0-9A-F]+\\/[0-9A-F]+/); lsn = substr($0, RSTART + 5, RLENGTH - 5) }
    /^rmgr: Transaction/ && match($0, /desc: (COMMIT|ABORT)/) {
      kind = substr($0, RSTART + 6, RLENGTH - 6)
      match($0, /tx: +[0-9]+/); xid = substr($0, RSTART + 3, RLENGTH - 3); gsub(/ /, "", xid)
      if (match($0, /_PREPARED [0-9]+:/)) xid = substr($0, RSTART + 10, RLENGTH - 11)
      match($0, /[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:.]+/)
      print "end\\t" substr($0, RSTART, RLENGTH) "\\t" xid "\\t" lsn "\\t" kind
    }
    /^rmgr: XLOG/ && match($0, /desc: RESTORE_POINT /) { print "point\\t" lsn "\\t" substr($0, RSTART + RLENGTH) }'
}

name_of() { base=\${1##*/}; printf '%s' "\${base%%-*}"; }

# Files of the archive that hold the WAL of ranges \`FIRST-LAST:COUNT\`, in order. All of them are there, or none is named.
files_of() {
  patience=300
  listing=$(must "the archive of $source cannot be listed" repo-ls "archive/$source" --recurse --output=json)
  for range; do
    first=\${range%%-*} last=\${range#*-}
    count=\${last#*:} last=\${last%%:*}
    case $first$last$count in *[!0-9A-F]*) fail 2 "'$range' is no range of WAL segments" ;; esac
    found=$(printf '%s' "$listing" | grep -o '"[0-9]*-[0-9]*/[0-9A-F]\\{16\\}/[0-9A-F]\\{24\\}-[^"]*"' | tr -d '"' | sort -t / -k 3 |
      awk -F / -v first="$first" -v last="$last" -v db="$archive" '{ n = substr($3, 1, 24) } $1 == db && "" n >= "" first && "" n <= "" last')
    [ "$(printf '%s\\n' "$found" | grep -c .)" -eq "$count" ] ||
      fail 10 "of the $count WAL segments from $first to $last $(printf '%s\\n' "$found" | grep -c .) lie in the archive; nothing was touched"
    printf '%s\\n' "$found"
  done
}

# scan ARCHIVE time T | xid N | name P, RANGE…: where the target lies in the WAL, the oldest range first.
scan() {
  archive=$1 what=$2 wanted=$3
  shift 3
  work=$kept/work.$$
  install -d -m 0700 -o "$owner" "$work"
  trap 'rm -rf "$work"; rm -f "$errors"' EXIT
  files_of "$@" >"$work/files"
  total=$(wc -l <"$work/files")
  [ "$total" -gt 0 ] || fail 2 "no WAL is named in which to look"
  if [ "$what" = time ]; then scan_time "$wanted"; else scan_all "$what" "$wanted"; fi
}

file_at() { sed -n "$1p" "$work/files"; }

# Last and first end of a transaction that begin in the segment at a place: "first last", or nothing.
ends_at() {
  this=$(file_at "$1")
  next=$(file_at "$(($1 + 1))")
  load_segments "$this"
  first=$(name_of "$this") last=$first
  if [ -n "$next" ] && [ "$(name_of "$next" | cut -c 1-8)" = "$(printf '%s' "$first" | cut -c 1-8)" ]; then
    load_segments "$next"
    last=$(name_of "$next")
  fi
  ends_in "$first" "$last" | awk -F '\\t' '$1 == "end"' >"$work/ends"
  rm -f "$work/$first" "$work/$last"
}

# By halves: the first segment with an end of a transaction after T, which is where PostgreSQL stops.
scan_time() {
  low=1 high=$((total + 1))
  : >"$work/found"
  while [ "$low" -lt "$high" ]; do
    middle=$(((low + high) / 2))
    probe=$middle
    while ends_at "$probe" && [ ! -s "$work/ends" ] && [ "$((probe + 1))" -lt "$high" ]; do probe=$((probe + 1)); done
    after=$(awk -F '\\t' -v t="$1" '$2 > t { print; exit }' "$work/ends")
    if [ -n "$after" ]; then
      printf 'found\\t%s\\t%s\\n' "$(name_of "$(file_at "$probe")")" "$after" >"$work/found"
      high=$middle
    elif [ -s "$work/ends" ]; then
      tail -n 1 "$work/ends" >"$work/before"
      low=$((probe + 1))
    else
      high=$middle
    fi
  done
  if [ -s "$work/found" ]; then cat "$work/found"; elif [ -s "$work/before" ]; then printf 'last\\t%s\\n' "$(cat "$work/before")"; fi
}

# match_event xid N | name P: of the ends that it reads.
match_event() {
  if [ "$1" = xid ]; then
    awk -F '\\t' -v x="$2" '$1 == "end" && $3 == x { print "found\\t" $0; exit }'
  else
    LIFEBOAT_POINT=$2 awk -F '\\t' '$1 == "point" && $3 == ENVIRON["LIFEBOAT_POINT"] { print "found\\t" $0; exit }'
  fi
}

# scan-here xid N | name P: the same in what the running cluster has not archived yet. One segment more, since a record may go on
# from there.
scan_here() {
  is_up || return 0
  work=$data/pg_wal
  current=$(ask -c 'select pg_walfile_name(pg_current_wal_lsn())')
  from=$(find "$work/archive_status" -name '????????????????????????.ready' -printf '%f\\n' | sort | sed -n "s/^\\($(printf %.8s "$current").*\\)[.]ready$/\\1/p" | head -n 1)
  from=$(find "$work" -maxdepth 1 -type f -name "$(printf %.8s "$current")????????????????" -printf '%f\\n' | sort |
    awk -v first="\${from:-$current}" '"" $0 >= "" first { exit } { before = $0 } END { print before == "" ? first : before }')
  ends_in "$from" "$current" | match_event "$1" "$2"
}

# Some segments at a time, of one timeline; the last of them stays, since a record may go on behind it.
scan_all() {
  at=1
  while [ "$at" -le "$total" ]; do
    from=$(name_of "$(file_at "$at")") to=$from count=0
    while [ "$at" -le "$total" ] && [ "$count" -lt 8 ]; do
      file=$(file_at "$at")
      [ "$(name_of "$file" | cut -c 1-8)" = "$(printf '%s' "$from" | cut -c 1-8)" ] || break
      load_segments "$file"
      to=$(name_of "$file") at=$((at + 1)) count=$((count + 1))
    done
    ends_in "\${carried:-$from}" "$to" >"$work/ends"
    match_event "$1" "$2" <"$work/ends" >"$work/found"
    if [ -s "$work/found" ]; then
      cat "$work/found"
      return
    fi
    find "$work" -type f -name "????????????????????????" ! -name "$to" -delete
    carried=$to
    next=$(file_at "$at")
    if [ -z "$next" ] || [ "$(name_of "$next" | cut -c 1-8)" != "$(printf '%s' "$to" | cut -c 1-8)" ]; then
      carried=''
      rm -f "$work/$to"
    fi
  done
}
`;
