import { mariadbProof } from "./mariadb-proof";

/**
 * The part of `lifeboat-data` for MariaDB 10.5 and later, in the guest or in a Docker container in it.
 *
 * Dumps are made by a user of their own that only reads. A proof restores into a server of its own, which the guest's root starts from
 * the same programs, or Docker from the same image: in the real one restored events would run, and the binary log and replicas would
 * get everything a second time. What is restored for good is loaded by root.
 */
export const mariadbPart = `# shellcheck shell=sh disable=SC2154,SC2016
# MariaDB.

user=lifeboat-$source
mark="made by Lifeboat for $source"
throwaway=lifeboat-throwaway-$source
# Others may look for a name in it, and only root makes one.
throwaways=/var/lib/lifeboat-throwaway
place=$throwaways/$source

# Runs a program by the name that it has: from version 11 on images have only the first one.
either='
tool=$1
shift
command -v "$tool" >/dev/null 2>&1 || case $tool in
mariadb) tool=mysql ;;
mariadb-dump) tool=mysqldump ;;
esac
exec "$tool" "$@"'

# What the server's image calls root's password.
root_password='
for word in MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD; do
	eval "MYSQL_PWD=\\\${$word:-} file=\\\${\${word}_FILE:-}"
	[ -z "$file" ] || MYSQL_PWD=$(cat "$file")
	[ -z "$MYSQL_PWD" ] || break
done
export MYSQL_PWD'

# A client as the user for backups. A password is in no words and no file but its own; root's settings are not for it.
as_user() {
	MYSQL_PWD=$(cat "$settings/password")
	export MYSQL_PWD
	if [ -n "$container" ]; then
		docker exec -i -e MYSQL_PWD -e HOME=/nonexistent "$container" sh -c "$either" sh "$@"
	else
		HOME=/nonexistent sh -c "$either" sh "$@"
	fi
}

# A client as root: by the socket, or with the password that the container was given.
as_superuser() {
	if [ -n "$container" ]; then
		docker exec -i "$container" sh -c "$root_password$either" sh "$@"
	else
		HOME=/root sh -c "$either" sh "$@"
	fi
}

# SQL on standard input; of the answer, a line for each row.
sql_words='--batch --skip-column-names --raw --default-character-set=utf8mb4'
# shellcheck disable=SC2086 # words
user_sql() { as_user mariadb --user="$user" $sql_words; }
# shellcheck disable=SC2086 # words
super_sql() { as_superuser mariadb --user=root $sql_words "$@"; }

# A text as SQL has it, whatever it holds and however the server reads a backslash.
sql_text() { printf "CONVERT(x'%s' USING utf8mb4)" "$(printf %s "$1" | od -An -v -tx1 | tr -d ' \\n')"; }

sql_name() { printf '\`%s\`' "$(printf %s "$1" | sed 's/\`/\`\`/g')"; }

mariadb_ready() {
	# Tables of one and triggers of another would be a dump of nothing that ever was.
	for half in "$state"/exchanges/*; do
		case $half in
		*.new | *'*') ;;
		*) [ -e "$half/done" ] || fail 'a restore of a database is half done: the command that began it ends it, or lifeboat undo' ;;
		esac
	done
	ensure_user
	ensure_functions
	echo "SELECT VERSION() NOT LIKE '%MariaDB%'" | user_sql >"$small/version"
	[ "$(cat "$small/version")" = 0 ] || fail 'the server is no MariaDB'
	echo "SELECT CONCAT('MariaDB ', SUBSTRING_INDEX(VERSION(), '-', 1), IF(@@log_bin, ', with a binary log', ''))" | user_sql
}

# The user for backups, made again wherever it is missing: in a server that has been restored from elsewhere, too.
ensure_user() {
	if echo 'SHOW GRANTS' | user_sql >"$small/grants" 2>/dev/null && has_grants; then return 0; fi
	hash=$(password_hash)
	{
		# The user is this server's own: neither a replica nor a recovery by the binary log is to make it.
		echo 'SET SESSION sql_log_bin = 0;'
		# Its hash, since the server writes such lines into its log as they are.
		echo "CREATE USER IF NOT EXISTS \\\`$user\\\`@localhost IDENTIFIED BY PASSWORD '$hash';"
		echo "ALTER USER \\\`$user\\\`@localhost IDENTIFIED BY PASSWORD '$hash';"
		scopes | while IFS= read -r scope; do
			echo "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON $scope TO \\\`$user\\\`@localhost;"
		done
		echo "GRANT BINLOG MONITOR ON *.* TO \\\`$user\\\`@localhost;"
	} | super_sql || fail "root cannot make the user $user: $(tail -n 1 "$small/messages")"
}

# Who may not call a function that a view calls cannot dump the view. It may call these, and no others.
ensure_functions() {
	super_sql >"$small/functions" <<end
SELECT DISTINCT CONCAT('GRANT EXECUTE ON FUNCTION \\\`', REPLACE(routine_schema, '\\\`', '\\\`\\\`'), '\\\`.\\\`', REPLACE(routine_name, '\\\`', '\\\`\\\`'), '\\\` TO \\\`$user\\\`@localhost;')
	FROM information_schema.routines JOIN information_schema.views
	ON LOCATE(CONCAT(IF(routine_schema = table_schema, '', CONCAT('\\\`', routine_schema, '\\\`.')), '\\\`', routine_name, '\\\`('), view_definition) > 0
	WHERE routine_type = 'FUNCTION' AND table_schema <> 'sys' AND NOT EXISTS (SELECT 1 FROM mysql.procs_priv p WHERE p.user = '$user' AND BINARY p.db = BINARY routine_schema
		AND p.routine_name = routines.routine_name AND FIND_IN_SET('Execute', proc_priv));
end
	[ -s "$small/functions" ] || return 0
	{
		echo 'SET SESSION sql_log_bin = 0;'
		cat "$small/functions"
	} | super_sql
}

# What it reads: everything, or the databases that are named, and who may what. In a grant, _ and % stand for others.
scopes() {
	if [ -z "$databases" ]; then
		echo '*.*'
		return
	fi
	echo '\`mysql\`.*'
	printf '%s\\n' "$databases" | sed 's/[\\\\_%]/\\\\&/g; s/\`/\`\`/g; s/.*/\`&\`.*/'
}

has_grants() {
	scopes >"$small/scopes"
	while IFS= read -r scope; do
		case $scope in
		'*.*') grep -q '^GRANT SELECT, .*BINLOG MONITOR.*SHOW VIEW, .*EVENT, .*TRIGGER.* ON \\*\\.\\* TO ' "$small/grants" || return 1 ;;
		*) grep -qF -e "GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON $scope TO " "$small/grants" || return 1 ;;
		esac
	done <"$small/scopes"
	grep -q 'BINLOG MONITOR' "$small/grants"
}

# MariaDB's own: the checksum of a checksum.
password_hash() {
	inner=$(tr -d '\\n' <"$settings/password" | sha1sum | cut -c 1-40)
	octal=$(printf '%s' "$inner" | awk '
		{ for (i = 1; i < length($0); i += 2) printf "\\\\%03o", 16 * digit(substr($0, i, 1)) + digit(substr($0, i + 1, 1)) }
		function digit(d) { return index("0123456789abcdef", d) - 1 }')
	# shellcheck disable=SC2059 # it is the format
	printf "*%s" "$(printf "$octal" | sha1sum | cut -c 1-40 | tr '[:lower:]' '[:upper:]')"
}

mariadb_items() {
	echo 'roles all'
	if [ -n "$databases" ]; then
		printf '%s\\n' "$databases" | sed 's/^/database /'
		return
	fi
	echo "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name REGEXP '[[:cntrl:]]'" | user_sql >"$small/strange"
	[ "$(cat "$small/strange")" = 0 ] || fail 'a database has a name with a line break or another control character'
	user_sql <<'end'
SELECT CONCAT('database ', schema_name) FROM information_schema.schemata
	WHERE schema_name NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
	AND schema_comment NOT LIKE 'made by Lifeboat for %'
	ORDER BY schema_name;
end
}

mariadb_dump() {
	if [ "$1" = roles ]; then
		as_user mariadb-dump --user="$user" --default-character-set=utf8mb4 --insert-ignore --system=users
		return
	fi
	objects_of "$2" | user_sql >"$small/objects"
	sort "$small/objects" >"$small/before"
	token=$(od -An -N 16 -v -tx1 /dev/urandom | tr -d ' \\n')
	echo "SELECT CONCAT_WS(' ', default_character_set_name, default_collation_name) FROM information_schema.schemata WHERE schema_name = $(sql_text "$2")" |
		user_sql >"$small/charset"
	[ -s "$small/charset" ] || fail 'there is no such database'
	echo 'SELECT @@log_bin' | user_sql >"$small/log_bin"
	position=
	[ "$(cat "$small/log_bin")" = 0 ] || position=--master-data=2
	# A dump of one database says neither its name nor its character set.
	printf -- '-- lifeboat 1 %s %s %s\\n' "$token" "$(cat "$small/charset")" "$2"
	rm -f "$small/part"
	{
		dump_part --routines --triggers \${position:+"$position"} -- "$2"
		: >"$small/part"
	} | without_name "$2"
	[ -e "$small/part" ] || return 1
	# It looks for their database by its name with backslashes.
	case $2 in
	*[\\\\\\"\\']*) ! grep -q '^events ' "$small/before" || fail 'it has events, which mariadb-dump cannot read in a database with a quote or a backslash in its name' ;;
	esac
	# Apart, since a copy must not do what the original does at its times.
	printf -- '-- lifeboat events %s\\n' "$token"
	dump_part --no-data --no-create-info --skip-triggers --events -- "$2"
}

# NAME: around some routines and triggers a dump changes the character set of the database that it names, and of a view whose definer is
# gone the server writes columns, not tables, with that name: wherever it is loaded is meant. What could be a text is left as it is.
without_name() {
	quoted=$(sql_name "$1" | sed 's/[][\\\\.*^$/]/\\\\&/g')
	sed "s/^ALTER DATABASE $quoted CHARACTER SET /ALTER DATABASE CHARACTER SET /
/^\\/\\*!50001 VIEW [^'\\"]*\\$/{
h
s/$quoted\\.\\(\\\`[^\\\`]*\\\`\\.\\\`[^\\\`]*\\\`\\)/\\1/g
/$quoted\\./g
}"
}

# Without locks, in one state of all transactional tables. Binary columns are in hexadecimal, so that no character set touches them.
dump_part() {
	history=$(as_user mariadb-dump --help | grep -o -m 1 -e '--dump-history' || true)
	as_user mariadb-dump --user="$user" --default-character-set=utf8mb4 --single-transaction --quick --hex-blob --no-tablespaces \\
		\${history:+"$history"} "$@"
}

# A line for each thing in a database: what it is, and its name in hexadecimal.
objects_of() {
	cat <<end
SET @db = $(sql_text "$1");
SELECT CONCAT_WS(' ', CASE table_type WHEN 'VIEW' THEN 'views' WHEN 'SEQUENCE' THEN 'sequences' ELSE 'tables' END, HEX(table_name))
	FROM information_schema.tables WHERE table_schema = @db AND BINARY table_schema = BINARY @db
UNION ALL SELECT CONCAT_WS(' ', 'routines', routine_type, HEX(routine_name))
	FROM information_schema.routines WHERE routine_schema = @db AND BINARY routine_schema = BINARY @db
UNION ALL SELECT CONCAT_WS(' ', 'triggers', HEX(trigger_name))
	FROM information_schema.triggers WHERE trigger_schema = @db AND BINARY trigger_schema = BINARY @db
UNION ALL SELECT CONCAT_WS(' ', 'events', HEX(event_name))
	FROM information_schema.events WHERE event_schema = @db AND BINARY event_schema = BINARY @db;
end
}

${mariadbProof}
# Makes a database of an item. Its events do not run yet: a copy does not do what the original does.
mariadb_load() {
	if [ "$1" = roles ]; then
		super_sql
		return
	fi
	IFS=' ' read -r dashes word version token charset collation _ || fail 'nothing came'
	[ "$dashes $word $version" = '-- lifeboat 1' ] || fail 'it is no dump of a database'
	case $token$charset$collation in
	'' | *[!a-z0-9_]*) fail 'it is no dump of a database' ;;
	esac
	there=$(echo "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = $(sql_text "$2")" | super_sql)
	[ "$there" = 0 ] || fail "there is a database $2"
	echo "CREATE DATABASE $(sql_name "$2") CHARACTER SET $charset COLLATE $collation COMMENT '$mark'" | super_sql
	awake=$(awake_file "$2")
	mkdir -p "\${awake%/*}"
	waking="^\\\\(\\\\/\\\\*!50106 CREATE\\\\*\\\\/ .*EVENT \\\\(\\\`.*\\\`\\\\) ON SCHEDULE [A-Z0-9_ ':.-]* ON COMPLETION \\\\(NOT \\\\)\\\\{0,1\\\\}PRESERVE \\\\)"
	sed -e "/^-- lifeboat events $token\\$/,\\$ {" -e "/\${waking}ENABLE /w $awake.lines" -e "s/\${waking}ENABLE /\\\\1DISABLE ON SLAVE /" -e '}' |
		super_sql -- "$2"
	enabled=$(echo "SELECT COUNT(*) FROM information_schema.events WHERE event_schema = $(sql_text "$2") AND status = 'ENABLED'" | super_sql)
	[ "$enabled" = 0 ] || fail "its events cannot be kept from running in $2"
	# Those that ran where they come from, for whoever takes that one's place.
	sed -n "s/\${waking}.*$/EVENT \\\\2 ON SCHEDULE /p" "$awake.lines" >"$awake"
	rm "$awake.lines"
}

awake_file() { printf '%s/copies/%s.awake\\n' "$state" "$(printf %s "$1" | sha256sum | cut -c 1-32)"; }

mariadb_drop_copy() {
	ours=$(echo "SELECT schema_comment = '$mark' FROM information_schema.schemata WHERE schema_name = $(sql_text "$1")" | super_sql)
	[ -n "$ours" ] || return 0
	[ "$ours" = 1 ] || fail "the database $1 was not made by Lifeboat"
	echo "DROP DATABASE $(sql_name "$1")" | super_sql
	rm -f "$(awake_file "$1")"
}
`;
