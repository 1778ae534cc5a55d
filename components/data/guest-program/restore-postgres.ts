/**
 * How a database takes the place of another: both renames are one transaction, so that whoever dies in the middle has changed
 * nothing. What belongs to a database and is in no dump of it (owner, grants, settings, comment) goes over from the old one.
 */
export const restorePostgresPart = `# shellcheck shell=sh disable=SC2154
# What is done to whole databases, by the superuser. A database is not renamed from within itself.
database_sql() {
	PGDATABASE=postgres
	[ "$name" != postgres ] || PGDATABASE=template1
	export PGDATABASE
	super_sql -v name="$name" -v copy="\${copy:-}" -v old="\${old:-}" -v id="\${id:-}"
}

postgres_look() {
	name=$2
	database_sql <<'end' >"$small/look"
SELECT json_build_object('exists', true, 'identity', oid::text,
	'ours', coalesce(shobj_description(oid, 'pg_database'), '') = :'mark', 'bytes', pg_database_size(oid),
	'connections', (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND pid <> pg_backend_pid()))
FROM pg_database d WHERE datname = :'name';
end
	if [ -s "$small/look" ]; then cat "$small/look"; else absent; fi
}

postgres_room() {
	export PGDATABASE=postgres
	folder_of_data=$(echo 'SHOW data_directory' | super_sql)
	if [ -n "$container" ]; then docker exec "$container" df -Pk "$folder_of_data"; else df -Pk "$folder_of_data"; fi | room_in
}

# As the proof of a dump counts.
postgres_count() {
	PGDATABASE=$2
	export PGDATABASE
	super_sql >"$small/rows" <<'end'
SELECT format('SELECT count(*) FROM ONLY %I.%I', nspname, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' \\gexec
end
	awk '{ rows += $1 } END { printf "tables %d\\nrows %.0f\\n", NR, rows }' "$small/rows"
}

# Which of the three are there: \`ID ID ID\`, with - for none.
postgres_three() {
	database_sql <<'end' >"$small/three"
SELECT concat_ws(' ', coalesce(max(oid::text) FILTER (WHERE datname = :'name'), '-'),
	coalesce(max(oid::text) FILTER (WHERE datname = :'copy'), '-'), coalesce(max(oid::text) FILTER (WHERE datname = :'old'), '-'))
FROM pg_database;
end
	read -r is copied aside <"$small/three"
}

postgres_exchange() {
	name=$2 copy=$3 old=$4 id=$5
	postgres_three
	if [ "$copied" = - ] && [ "$is" != - ] && [ "$is" != "$id" ] && { [ "$id" = nothing ] || [ "$aside" = "$id" ]; }; then
		printf '%s\\n' "$is"
		return 0
	fi
	[ "$copied" != - ] || refuse "$copy is not there"
	[ "$aside" = - ] || refuse "$old is there already"
	if [ "$id" = nothing ]; then [ "$is" = - ] || refuse "there is a database $name by now"; fi
	[ "$id" = nothing ] || [ "$is" = "$id" ] || refuse "$name is another database than before"
	[ "$id" = nothing ] || record_aside "$old" "$id"
	{
		echo 'BEGIN;'
		[ "$id" = nothing ] || postgres_take_over
		[ "$id" = nothing ] || printf '%s\\n' "SELECT format('ALTER DATABASE %I RENAME TO %I', :'name', :'old') \\\\gexec"
		[ "$id" != nothing ] || printf '%s\\n' "SELECT format('COMMENT ON DATABASE %I IS NULL', :'copy') \\\\gexec"
		printf '%s\\n' "SELECT format('ALTER DATABASE %I RENAME TO %I', :'copy', :'name') \\\\gexec"
		echo 'COMMIT;'
	} >"$small/exchange"
	postgres_rename
	printf '%s\\n' "$copied"
}

# What no dump of a database holds.
postgres_take_over() {
	cat <<'end'
SELECT format('ALTER DATABASE %I OWNER TO %I', :'copy', rolname) FROM pg_database d JOIN pg_roles r ON r.oid = datdba
	WHERE datname = :'name' \\gexec
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'copy', datconnlimit) FROM pg_database WHERE datname = :'name' \\gexec
SELECT format('COMMENT ON DATABASE %I IS %s', :'copy', quote_nullable(shobj_description(oid, 'pg_database')))
	FROM pg_database WHERE datname = :'name' \\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'copy') FROM pg_database WHERE datname = :'name' AND datacl IS NOT NULL \\gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'copy',
	CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
	CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
	FROM pg_database, aclexplode(datacl) WHERE datname = :'name' AND grantee <> datdba \\gexec
SELECT format('ALTER %s %I SET %I %s %s', CASE WHEN setrole = 0 THEN 'DATABASE' ELSE format('ROLE %I IN DATABASE', pg_get_userbyid(setrole)) END,
	:'copy', split_part(setting, '=', 1), 'TO',
	CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
		THEN coalesce(nullif(substr(setting, strpos(setting, '=') + 1), ''), '''''')
		ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
	FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) setting WHERE datname = :'name' \\gexec
end
}

# The server waits five seconds for those who are connected, and lets nobody else in meanwhile.
postgres_rename() {
	ended=
	if [ "$disconnect" = disconnect ]; then
		(
			while [ -e "$small/exchange" ]; do
				printf '%s\\n' "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN (:'name', :'old') AND pid <> pg_backend_pid();" |
					database_sql >/dev/null 2>&1 || true
				sleep 0.2
			done
		) &
		ended=$!
	fi
	failed=
	database_sql <"$small/exchange" >/dev/null 2>"$small/said" || failed=yes
	rm "$small/exchange"
	[ -z "$ended" ] || wait "$ended" || true
	[ -z "$failed" ] || refuse "$(sed -n 's/^.*ERROR:  *//p' "$small/said" | head -n 1)"
}

postgres_put_back() {
	name=$2 copy=$3 old=$4 id=$5
	postgres_three
	[ "$is" != "$id" ] || [ "$id" = nothing ] || return 0
	[ -z "$made" ] || [ "$is" = - ] || [ "$is" = "$made" ] || refuse "$name is another database by now"
	if [ "$id" = nothing ] && { [ "$is" = - ] || [ "$copied" != - ]; }; then return 0; fi
	[ "$id" = nothing ] || [ "$aside" = "$id" ] || refuse "what was $name before is given up already"
	{
		echo 'BEGIN;'
		if [ "$is" != - ]; then
			printf '%s\\n' "SELECT format('COMMENT ON DATABASE %I IS %L', :'name', :'mark') \\\\gexec"
			printf '%s\\n' "SELECT format('ALTER DATABASE %I RENAME TO %I', :'name', :'copy') \\\\gexec"
		fi
		[ "$id" = nothing ] || printf '%s\\n' "SELECT format('ALTER DATABASE %I RENAME TO %I', :'old', :'name') \\\\gexec"
		echo 'COMMIT;'
	} >"$small/exchange"
	postgres_rename
	forget_aside "$old"
}

postgres_release() {
	name=$2 old=$3 id=$4
	copy=
	postgres_three
	if [ "$aside" != - ]; then
		if [ "$aside" != "$id" ] || ! is_aside "$old" "$id"; then refuse 'it is not what was put aside'; fi
		printf '%s\\n' "SELECT format('DROP DATABASE %I WITH (FORCE)', :'old') \\\\gexec" | database_sql
	fi
	forget_aside "$old"
}
`;
