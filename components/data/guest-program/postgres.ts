/**
 * The part of `lifeboat-data` for PostgreSQL 14 and later, in the guest or in a Docker container in it.
 *
 * Dumps and proofs are made by a user of their own: it reads everything (`pg_read_all_data`, `BYPASSRLS`, large objects by
 * `lo_compat_privileges`), and may make databases, to which alone it writes. The superuser makes that user, lets it connect to
 * databases that not everybody may connect to, and loads what is restored. A dump is not proven by the superuser unless the
 * settings say so: whoever owns a database can write code into it that runs when it is restored.
 */
export const postgresPart = `# shellcheck shell=sh disable=SC2034,SC2154
# PostgreSQL.

role=lifeboat-$source
mark="made by Lifeboat for $source"
throwaway=lifeboat-throwaway-$source
detached=

# A client as the user for backups. A password is in no words and no file but its own.
as_user() {
	PGPASSWORD=$(cat "$settings/password")
	export PGPASSWORD PGHOST=127.0.0.1 PGPORT="$port" PGUSER="$role" PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=15
	if [ -n "$container" ]; then
		docker exec -i -e PGPASSWORD -e PGHOST -e PGPORT -e PGUSER -e PGCLIENTENCODING -e PGCONNECT_TIMEOUT -e PGDATABASE \\
			"$container" "$@"
	else
		"$@"
	fi
}

# A client as the superuser: by the socket, as the system's user of that name, or as the container lets its own.
as_superuser() {
	unset PGPASSWORD PGHOST PGUSER
	export PGPORT="$port" PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=15 SUPERUSER="$superuser"
	if [ -n "$container" ]; then
		# shellcheck disable=SC2016
		$detached docker exec -i -e PGPORT -e PGCLIENTENCODING -e PGCONNECT_TIMEOUT -e PGDATABASE -e SUPERUSER "$container" sh -c '
			PGUSER=\${SUPERUSER:-\${POSTGRES_USER:-postgres}} PGPASSWORD=\${POSTGRES_PASSWORD-}
			export PGUSER PGPASSWORD
			exec "$@"' sh "$@"
	else
		# Not where root's own files are, in which that user cannot be.
		(cd / && exec $detached runuser -u "\${superuser:-postgres}" -- "$@")
	fi
}

# SQL on standard input; the words are psql's.
user_sql() { as_user psql -wXqAt -v ON_ERROR_STOP=1 -v role="$role" -v throwaway="$throwaway" "$@"; }
super_sql() { as_superuser psql -wXqAt -v ON_ERROR_STOP=1 -v role="$role" -v mark="$mark" "$@"; }

postgres_ready() {
	export PGDATABASE=postgres
	ensure_role
	echo "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)" | user_sql
}

# Made again wherever it is missing: in a server that has been restored from elsewhere, too.
ensure_role() {
	super_sql >"$small/role" <<'end'
SELECT CASE
	WHEN current_setting('server_version_num')::int < 140000 THEN 'old'
	WHEN r.oid IS NULL THEN 'missing'
	WHEN shobj_description(r.oid, 'pg_authid') IS DISTINCT FROM :'mark' THEN 'foreign'
	ELSE 'there'
END FROM (SELECT) one LEFT JOIN pg_roles r ON r.rolname = :'role';
end
	read -r found <"$small/role"
	case $found in
	old) fail 'the server is older than PostgreSQL 14' ;;
	foreign) fail "its user $role was not made by Lifeboat" ;;
	esac
	super_sql <<'end'
BEGIN;
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
SELECT format('COMMENT ON ROLE %I IS %L', :'role', :'mark') \\gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION CREATEDB BYPASSRLS', :'role') \\gexec
SELECT format('ALTER ROLE %I SET lo_compat_privileges = on', :'role') \\gexec
SELECT format('GRANT pg_read_all_data TO %I', :'role') WHERE NOT pg_has_role(:'role', 'pg_read_all_data', 'MEMBER') \\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', datname, :'role') FROM pg_database
	WHERE datallowconn AND NOT has_database_privilege(:'role', oid, 'CONNECT') \\gexec
COMMIT;
end
	# What it says would be told for the cause of whatever fails next.
	! (echo 'SELECT 1' | user_sql) >/dev/null 2>&1 || return 0
	# psql sends what it makes of the password: the server and its log never see the password itself. Without a terminal it
	# reads it from standard input.
	detached='setsid -w'
	password=$(cat "$settings/password")
	printf '\\\\password "%s"\\n%s\\n%s\\n' "$role" "$password" "$password" | super_sql >/dev/null
	detached=
}

postgres_items() {
	export PGDATABASE=postgres
	echo 'roles all'
	if [ -n "$databases" ]; then
		printf '%s\\n' "$databases" | sed 's/^/database /'
		return
	fi
	# Two lines of one name would be two databases, and the one that has it in none of them.
	echo "SELECT count(*) FROM pg_database WHERE datname ~ '[[:cntrl:]]'" | user_sql >"$small/strange"
	[ "$(cat "$small/strange")" = 0 ] || fail 'a database has a name with a line break or another control character'
	user_sql <<'end'
SELECT 'database ' || datname FROM pg_database
	WHERE datallowconn AND NOT datistemplate AND pg_get_userbyid(datdba) <> :'role'
	AND coalesce(shobj_description(oid, 'pg_database'), '') NOT LIKE 'made by Lifeboat for %'
	ORDER BY datname;
end
}

postgres_dump() {
	case $1 in
	roles)
		export PGDATABASE=postgres
		as_user pg_dumpall -w --globals-only
		;;
	database)
		# Not in the words: there a name with = in it is a whole connection.
		export PGDATABASE="$2"
		as_user pg_dump -w --format=custom --compress=0
		;;
	esac
}

postgres_prove() {
	case $1 in
	roles) prove_roles "$3" ;;
	database) prove_database "$2" "$3" ;;
	esac
}

prove_roles() {
	open_item "$1" | tail -n 4 | grep -q '^-- PostgreSQL database cluster dump complete' || fail 'it has no end'
	open_item "$1" | awk '/^CREATE ROLE / { n++ } END { print "roles", n + 0 }'
}

# What an archive of pg_dump, which comes over standard input, says of its database: encoding and order, as words of CREATE DATABASE.
# They stand near its beginning, in plain text.
database_words() {
	head -c 65536 | tr '\\000-\\037' '\\n' | sed -nE "s/^CREATE DATABASE .* WITH TEMPLATE = template0 (ENCODING = '[A-Za-z0-9_]+'\
( (LOCALE_PROVIDER = [a-z]+|(ICU_|BUILTIN_)?LOCALE = '[A-Za-z0-9_.@-]*'|LC_[A-Z]+ = '[A-Za-z0-9_.@-]*'))*).*;\\$/\\1/p" | head -n 1
}

# SQL that makes the database :name in the encoding and order of the database :of, or by :words where that is not there. Before
# PostgreSQL 15 there is one provider of orders, which has no name.
create_like() {
	cat <<'end'
SELECT format('CREATE DATABASE %I TEMPLATE template0 ', :'name') || coalesce(
	(SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype) ||
		CASE facts ->> 'datlocprovider' WHEN 'c' THEN ' LOCALE_PROVIDER libc'
		WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(facts ->> 'datlocale', facts ->> 'daticulocale'))
		WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', facts ->> 'datlocale') ELSE '' END
	FROM pg_database d, to_jsonb(d) facts WHERE datname = :'of'),
	CASE WHEN current_setting('server_version_num')::int < 150000 THEN replace(:'words', ' LOCALE_PROVIDER = libc', '') ELSE :'words' END) \\gexec
end
}

prove_database() {
	export PGDATABASE=postgres
	words=$( (open_item "$2" 2>/dev/null || true) | database_words)
	create_like | user_sql -v name="$throwaway" -v of= -v words="$words"
	open_item "$2" | as_"$proof" pg_restore -w --exit-on-error --no-owner --no-privileges --no-comments --no-tablespaces \\
		--no-publications --no-subscriptions --no-security-labels --dbname="$throwaway"
	export PGDATABASE="$throwaway"
	user_sql >"$small/rows" <<'end'
SELECT format('SELECT count(*) FROM ONLY %I.%I', nspname, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' \\gexec
end
	awk '{ rows += $1 } END { printf "tables %d\\nrows %.0f\\n", NR, rows }' "$small/rows"
	[ -z "$query" ] || ask_throwaway
	postgres_clear
}

# The settings' question, to a database that nobody changes any more.
ask_throwaway() {
	printf 'SET default_transaction_read_only = on;\\n%s\\n' "$query" | user_sql >"$small/answer" 2>"$small/said" ||
		fail "the query fails: $(sed -n 's/^.*\\(ERROR\\|FATAL\\):  *//p' "$small/said" | head -n 1)"
}

# By its name and its owner: whatever else has that name stays, and stops the next run.
postgres_clear() {
	export PGDATABASE=postgres
	# Sessions of a run that was killed are ended first. DROP … WITH (FORCE) would want to end the server's own vacuum, too, which
	# only a superuser may; without it the server does that itself.
	user_sql >/dev/null <<'end'
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'throwaway' AND usename = :'role';
SELECT format('DROP DATABASE %I', datname) FROM pg_database
	WHERE datname = :'throwaway' AND pg_get_userbyid(datdba) = :'role' \\gexec
end
}

# As it was, with owners and rights: the roles have to be there.
postgres_load() {
	[ "$1" = database ] || fail "$1 is no database: psql reads it"
	export PGDATABASE=postgres
	# Its beginning is read twice.
	head=$(mktemp)
	head -c 65536 >"$head"
	exec 6<"$head"
	words=$(database_words <"$head")
	rm "$head"
	# In the encoding and order of the one that it is to replace, where there is one.
	{
		create_like
		printf '%s\\n' "SELECT format('COMMENT ON DATABASE %I IS %L', :'name', :'mark') \\\\gexec"
	} | super_sql -v name="$2" -v of="\${like:-}" -v words="$words"
	cat /dev/fd/6 - | as_superuser pg_restore -w --exit-on-error --dbname="dbname='$(printf '%s' "$2" | sed "s/[\\\\']/\\\\\\\\&/g")'"
}

# Only what load has made.
postgres_drop_copy() {
	export PGDATABASE=postgres
	marked=$(
		super_sql -v name="$1" <<'end'
SELECT count(*) FROM pg_database WHERE datname = :'name' AND shobj_description(oid, 'pg_database') = :'mark';
end
	)
	[ "$marked" -eq 1 ] || fail "there is no database of that name that was made by load"
	super_sql -v name="$1" <<'end'
SELECT format('DROP DATABASE %I', :'name') \\gexec
end
}
`;
