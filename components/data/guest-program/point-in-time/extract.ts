/** One database of what was recovered comes beside those that are there. */
export const extractPart = `# A client on what was replayed, in one database. Its name is in no words: there it could be a whole connection.
in_replayed() {
  as_owner env PGCONNECT_TIMEOUT=10 PGDATABASE="$wanted" PGHOST="$socket" PGPORT=5432 PGCLIENTENCODING=UTF8 "$@"
}

# As the proof of a dump counts. What is not logged is in no WAL, and comes back empty.
count_replayed() {
  in_replayed psql -X -A -t -q -v ON_ERROR_STOP=1 2>"$errors" <<'end' >"$kept/extracted.rows"
SELECT format(CASE relpersistence WHEN 'p' THEN 'SELECT count(*) FROM ONLY %I.%I' ELSE 'SELECT 0' END, nspname, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' \\gexec
end
}

extract_failed() {
  end_replay
  rm -f "$kept/extracted" "$kept/extracted.rows"
  fail "$1" "$2; PostgreSQL $cluster is as it was"
}

# extract ID DATABASE NAME COPY: DATABASE as it was at the target becomes COPY, on its way to NAME; no other database is changed. It
# is loaded by the program that loads dumps, and counted on both sides.
extract() {
  require_id "$1"
  wanted=$2
  start_replay
  count_replayed || extract_failed 10 "$wanted is not in what was recovered: $(sed -n 's/^.*FATAL:  *//p' "$errors" | head -n 1)"
  counts=$(awk '{ rows += $1 } END { printf "{\\"tables\\":%d,\\"rows\\":%.0f}", NR, rows }' "$kept/extracted.rows")
  { in_replayed "$bin/pg_dump" -w --format=custom --compress=0 2>"$errors" || : >"$socket/cut"; } | zstd -q -c >"$kept/extracted" ||
    extract_failed 1 "$wanted cannot be kept beside what was recovered: is there room in $kept?"
  [ ! -e "$socket/cut" ] || extract_failed 1 "$wanted cannot be read from what was recovered: $(tail -n 1 "$errors")"
  end_replay
  sum=$(zstd -dcq "$kept/extracted" | sha256sum | cut -d ' ' -f 1)
  found=$("\${0%/*}/lifeboat-data" receive "$source" database "$3" "$4" "$sum" <"$kept/extracted" 2>"$errors") ||
    extract_failed 1 "$wanted cannot be loaded: $(tail -n 1 "$errors")"
  [ "$found" = "$counts" ] || extract_failed 1 "$wanted came with $found instead of $counts"
  rm -f "$kept/extracted" "$kept/extracted.rows"
  printf 'counts %s\\n' "$counts"
}
`;
