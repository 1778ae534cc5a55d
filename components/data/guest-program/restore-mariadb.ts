import { mariadbObjects } from "./mariadb-objects";

/**
 * How a database of MariaDB takes the place of another, which the server cannot rename: its tables change places in one statement, and
 * what no statement moves (triggers, views, routines, events) is written down before and made again after it. All of it is noted before
 * anything is changed, so that the same exchange, or the way back, ends what was killed in the middle. The database itself stays, and
 * with it its grants, its character set and its comment.
 */
export const restoreMariaDbPart = `# shellcheck shell=sh disable=SC2034,SC2154,SC2016
# Databases of MariaDB change places table by table.

# Runs a program where the server's files are.
beside_server() { if [ -n "$container" ]; then docker exec "$container" "$@"; else "$@"; fi; }

# NAME: @db is it. Names are compared as they are: the server's own comparison takes Shop for shop.
with_database() {
	printf "SET @db = %s;\\n" "$(sql_text "$1")"
	cat
}

# NAME: sets is to what tells it from another of that name, or to -; and ours, bytes and connections.
look_at() {
	is=- ours=false bytes=0 connections=0
	with_database "$1" <<'end' | super_sql >"$small/look"
SELECT schema_comment FROM information_schema.schemata WHERE schema_name = @db AND BINARY schema_name = BINARY @db;
end
	[ -s "$small/look" ] || return 0
	[ "$(cat "$small/look")" != "$mark" ] || ours=true
	with_database "$1" <<'end' | super_sql >"$small/look"
SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = @db AND BINARY table_schema = BINARY @db;
SELECT COUNT(*) FROM information_schema.processlist WHERE BINARY db = BINARY @db AND id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler');
SELECT CONCAT(@@datadir, '/', UNHEX(HEX(CONVERT(@db USING filename))));
end
	{
		read -r bytes
		read -r connections
		read -r place_of_files
	} <"$small/look"
	# Its folder is another one when somebody has dropped it and made it again; its tables are others after an exchange.
	is=$(beside_server stat -c '%i-%W' "$place_of_files")-$(made_of "$1")
}

# NAME: the copy whose tables it has got last.
made_of() { cat "$(made_file "$1")" 2>/dev/null || echo 0; }

made_file() { printf '%s/exchanged-%s\\n' "$state" "$(printf %s "$1" | sha256sum | cut -c 1-32)"; }

# NAME COPY
record_made() {
	file=$(made_file "$1")
	printf '%s\\n' "$2" >"$file.new"
	sync "$file.new"
	mv "$file.new" "$file"
	sync "$state"
}

mariadb_look() {
	look_at "$2"
	if [ "$is" = - ]; then absent; else
		printf '{"exists":true,"identity":"%s","ours":%s,"bytes":%s,"connections":%s}\\n' "$is" "$ours" "$bytes" "$connections"
	fi
}

mariadb_room() {
	folder_of_data=$(echo 'SELECT @@datadir' | super_sql)
	beside_server df -Pk "$folder_of_data" | room_in
}

# As the proof of a dump counts.
mariadb_count() {
	objects_of "$2" | super_sql >"$small/counted"
	with_database "$2" <<'end' | super_sql >"$small/counting"
SELECT CONCAT('SELECT CONCAT(''rows '', COUNT(*)) FROM \`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\`;')
	FROM information_schema.tables WHERE table_schema = @db AND BINARY table_schema = BINARY @db AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED');
end
	super_sql <"$small/counting" >>"$small/counted"
	count_things <"$small/counted"
}

${mariadbObjects}
# What keeps the tables of name from leaving it.
refuse_obstacles() {
	look_at "$name"
	[ "$disconnect" = disconnect ] || [ "$connections" = 0 ] || refuse "somebody is connected to $name"
	with_database "$name" <<'end' | super_sql >"$small/referring"
SELECT DISTINCT CONCAT(table_schema, '.', table_name) FROM information_schema.key_column_usage
	WHERE referenced_table_schema = @db AND BINARY referenced_table_schema = BINARY @db AND BINARY table_schema <> BINARY @db;
end
	[ ! -s "$small/referring" ] ||
		refuse "foreign keys of other databases refer to tables of $name, and would follow those that go: $(paste -s -d ' ' "$small/referring")"
}

# Whoever works in its tables, connected to whatever database, keeps them where they are. Seen before anything is changed.
refuse_work() {
	tables_of "$name" | moves "$name" >"$small/locked"
	[ -s "$small/locked" ] || return 0
	awk '{ printf "%s%s WRITE", (NR > 1 ? ",\\n" : "LOCK TABLES "), $0 } END { print "; UNLOCK TABLES;" }' "$small/locked" >"$small/exchange"
	change_places "$small/exchange"
	# What else a lock fails for, such as a trigger that does not work, is a reason for a restore and not against it.
	! grep -q '^ERROR 1205 ' "$small/said" || refuse "somebody is at work in $name: $failed"
}

# Everything that the exchange and the way back need, before anything is changed.
note_exchange() {
	rm -rf "$notes.new"
	mkdir -p "$notes.new"
	tables_of "$copy" >"$notes.new/tables"
	things_of "$copy" >"$notes.new/new.sql"
	cat "$(awake_file "$copy")" >"$notes.new/awake"
	made_of "$name" >"$notes.new/was"
	: >"$notes.new/tables.old"
	: >"$notes.new/old.sql"
	: >"$notes.new/grants.sql"
	if [ "$id" != nothing ]; then
		tables_of "$name" >"$notes.new/tables.old"
		things_of "$name" >"$notes.new/old.sql"
		grants_of "$name" >"$notes.new/grants.sql"
		record_aside "$old" "$id"
	fi
	sync "$notes.new"/* "$notes.new"
	mv -T "$notes.new" "$notes"
	sync "\${notes%/*}"
}

# Ends connections to the database for as long as something is done.
end_connections() {
	ended=
	[ "$disconnect" = disconnect ] || return 0
	: >"$small/exchanging"
	(
		while [ -e "$small/exchanging" ]; do
			with_database "$name" <<'end' | super_sql 2>/dev/null | super_sql --force >/dev/null 2>&1 || true
SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist
	WHERE BINARY db = BINARY @db AND id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler', 'root');
end
			sleep 0.2
		done
	) &
	ended=$!
}

connections_may_come() {
	rm -f "$small/exchanging"
	[ -z "$ended" ] || wait "$ended" || true
}

# FILE: one session, which waits only so long for those who are at work in the tables. Sets failed to what went wrong.
change_places() {
	failed=
	end_connections
	{
		echo 'SET SESSION lock_wait_timeout = 5;'
		cat "$1"
	} | super_sql >/dev/null 2>"$small/said" || failed=$(sed -n 's/^ERROR [0-9]* ([^)]*)[^:]*: //p' "$small/said" | head -n 1)
	connections_may_come
	[ -n "$failed" ] || ! grep -q '^ERROR ' "$small/said" || failed=$(tail -n 1 "$small/said")
}

mariadb_exchange() {
	name=$2 copy=$3 old=$4 id=$5
	notes=$state/exchanges/$old
	look_at "$copy"
	copied=$is
	copied_by_us=$ours
	look_at "$name"
	if [ "$(made_of "$name")" != "$copy" ]; then
		if [ ! -d "$notes" ]; then
			[ "$copied_by_us" = true ] || refuse "$copy is not there"
			if [ "$id" = nothing ]; then [ "$is" = - ] || refuse "there is a database $name by now"; fi
			[ "$id" = nothing ] || [ "$is" = "$id" ] || refuse "$name is another database than before"
			if [ "$is" != - ]; then refuse_obstacles; refuse_work; fi
			note_exchange
		fi
		mariadb_swap
		if [ -n "$failed" ]; then
			why=$failed
			mariadb_back
			refuse "$why"
		fi
		record_made "$name" "$copy"
	fi
	: >"$notes/done"
	# Its tables are gone from it, and its mark is ours.
	[ "$copied" = - ] || mariadb_drop_copy "$copy"
	[ "$id" != nothing ] || rm -rf "$notes"
	look_at "$name"
	printf '%s\\n' "$is"
}

# The tables of name go to old and those of copy to name, wherever an earlier attempt has ended.
mariadb_swap() {
	if [ "$id" = nothing ]; then
		with_database "$copy" <<'end' | super_sql >"$small/like"
SELECT CONCAT(' CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name)
	FROM information_schema.schemata WHERE schema_name = @db AND BINARY schema_name = BINARY @db;
end
		echo "CREATE DATABASE IF NOT EXISTS $(sql_name "$name")$(cat "$small/like")" | super_sql
	else
		echo "CREATE DATABASE IF NOT EXISTS $(sql_name "$old") COMMENT '$mark'" | super_sql
	fi
	tables_of "$copy" >"$small/in-copy"
	tables_of "$name" >"$small/in-name"
	comm -23 "$notes/tables" "$small/in-copy" >"$small/come"
	comm -23 "$small/in-name" "$small/come" >"$small/go"
	# All have come: what else is there was made since.
	[ ! -s "$notes/tables" ] || [ -s "$small/in-copy" ] || : >"$small/go"
	{
		drops_of "$name" TRIGGER
		drops_of "$copy" TRIGGER
		{
			moves "$name" "$old" <"$small/go"
			moves "$copy" "$name" <"$small/in-copy"
		} | rename_statement
		drops_of "$name" EVENT VIEW ROUTINE
		printf 'USE %s;\\n' "$(sql_name "$name")"
		awaken
	} >"$small/exchange"
	change_places "$small/exchange"
	# Of a routine that is not there any more there is nothing to grant.
	[ -n "$failed" ] || super_sql --force <"$notes/grants.sql" >/dev/null 2>&1 || true
}

# The way back from wherever an exchange has ended. What has come goes into copy, which is ours to remove.
mariadb_back() {
	echo "CREATE DATABASE IF NOT EXISTS $(sql_name "$copy") COMMENT '$mark'" | super_sql
	tables_of "$copy" >"$small/in-copy"
	tables_of "$name" >"$small/in-name"
	tables_of "$old" >"$small/in-old"
	comm -23 "$notes/tables.old" "$small/in-old" >"$small/back"
	comm -23 "$small/in-name" "$small/back" >"$small/go"
	comm -23 "$notes/tables" "$small/in-copy" >"$small/come"
	# Nothing has changed its place: what else is there was made since.
	[ -s "$small/in-old" ] || [ -s "$small/come" ] || : >"$small/go"
	{
		drops_of "$name" TRIGGER
		{
			moves "$name" "$copy" <"$small/go"
			moves "$old" "$name" <"$small/in-old"
		} | rename_statement
		drops_of "$name" EVENT VIEW ROUTINE
		if [ "$id" = nothing ]; then
			printf 'DROP DATABASE IF EXISTS %s;\\n' "$(sql_name "$name")"
		else
			printf 'USE %s;\\n' "$(sql_name "$name")"
			cat "$notes/old.sql"
			printf 'DROP DATABASE IF EXISTS %s;\\n' "$(sql_name "$old")"
		fi
		# It may be asked to take its place once more.
		printf 'USE %s;\\n' "$(sql_name "$copy")"
		cat "$notes/new.sql"
	} >"$small/exchange"
	change_places "$small/exchange"
	[ -z "$failed" ] || fail "what was there before cannot be put back: $failed; its tables lie in $old, and the rest in $notes/old.sql"
	super_sql --force <"$notes/grants.sql" >/dev/null 2>&1 || true
	record_made "$name" "$(cat "$notes/was")"
	forget_aside "$old"
	rm -rf "$notes"
}

mariadb_put_back() {
	name=$2 copy=$3 old=$4 id=$5
	notes=$state/exchanges/$old
	look_at "$name"
	if [ ! -d "$notes" ]; then
		# What was written down and never used.
		rm -rf "$notes.new" "$state/aside/$old.new"
		if [ "$is" = "$id" ] && [ "$id" != nothing ]; then
			forget_aside "$old"
			return 0
		fi
		if [ "$id" = nothing ] && { [ "$is" = - ] || [ "$(made_of "$name")" != "$copy" ]; }; then return 0; fi
		[ "$id" = nothing ] || refuse "what was $name before is given up already"
	fi
	[ -z "$made" ] || [ "$is" = - ] || [ "$is" = "$made" ] || refuse "$name is another database by now"
	if [ ! -d "$notes" ]; then
		# Nothing was there before.
		mkdir -p "$notes"
		tables_of "$name" >"$notes/tables"
		: >"$notes/tables.old"
		: >"$notes/new.sql"
		: >"$notes/grants.sql"
		echo 0 >"$notes/was"
	fi
	mariadb_back
}

mariadb_release() {
	name=$2 old=$3 id=$4
	look_at "$old"
	if [ "$is" != - ]; then
		if [ "$ours" != true ] || ! is_aside "$old" "$id"; then refuse 'it is not what was put aside'; fi
		echo "DROP DATABASE $(sql_name "$old")" | super_sql
	fi
	rm -rf "$state/exchanges/$old"
	forget_aside "$old"
}
`;
