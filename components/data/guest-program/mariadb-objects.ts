/** What a database of MariaDB consists of, as statements that move it, remove it and make it again. A part of `restore-mariadb.ts`. */
export const mariadbObjects = `# NAME: its tables and sequences, in hexadecimal.
tables_of() {
	with_database "$1" <<'end' | super_sql | sort
SELECT HEX(table_name) FROM information_schema.tables
	WHERE table_schema = @db AND BINARY table_schema = BINARY @db AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE');
end
}

# FROM [TO]: lines in hexadecimal as names, or as parts of a RENAME TABLE.
moves() {
	QUOTED_FROM=$(sql_name "$1") QUOTED_TO=\${2:+ TO $(sql_name "$2").} awk '
	function digit(d) { return index("0123456789ABCDEF", d) - 1 }
	{
		table = ""
		for (i = 1; i < length($0); i += 2) table = table sprintf("%c", 16 * digit(substr($0, i, 1)) + digit(substr($0, i + 1, 1)))
		gsub(/\`/, "\`\`", table)
		table = "\`" table "\`"
		print ENVIRON["QUOTED_FROM"] "." table (ENVIRON["QUOTED_TO"] == "" ? "" : ENVIRON["QUOTED_TO"] table)
	}'
}

# Its parts on standard input. All of it or nothing.
rename_statement() { awk '{ printf "%s%s", (NR > 1 ? ",\\n" : "RENAME TABLE "), $0 } END { if (NR > 0) print ";" }'; }

# NAME KIND …: statements that remove what it has of these: TRIGGER, EVENT, VIEW, ROUTINE.
drops_of() {
	database=$1
	shift
	for drop in "$@"; do
		case $drop in
		TRIGGER) from="'TRIGGER' kind, trigger_name name FROM information_schema.triggers WHERE trigger_schema" ;;
		EVENT) from="'EVENT' kind, event_name name FROM information_schema.events WHERE event_schema" ;;
		VIEW) from="'VIEW' kind, table_name name FROM information_schema.tables WHERE table_type = 'VIEW' AND table_schema" ;;
		ROUTINE) from="routine_type kind, routine_name name FROM information_schema.routines WHERE routine_schema" ;;
		esac
		printf "SELECT CONCAT('DROP ', kind, ' IF EXISTS \\\`', REPLACE(@db, '\\\`', '\\\`\\\`'), '\\\`.\\\`', REPLACE(name, '\\\`', '\\\`\\\`'), '\\\`;') FROM (SELECT %s = @db) one;\\n" "$from" |
			with_database "$database" | super_sql
	done
}

# NAME: what RENAME TABLE does not move, as statements that make it in the database that is used. Views last: they may use functions.
things_of() {
	whose=$1
	{
		dump_things --no-data --no-create-info --triggers --add-drop-trigger --routines --events -- "$1"
		with_database "$1" <<'end' | super_sql >"$small/views"
SELECT table_name FROM information_schema.tables WHERE table_type = 'VIEW' AND table_schema = @db AND BINARY table_schema = BINARY @db;
end
		set --
		while IFS= read -r view; do set -- "$@" "$view"; done <"$small/views"
		[ "$#" = 0 ] || dump_things --no-data --skip-triggers -- "$whose" "$@"
	} >"$small/things"
	without_name "$whose" <"$small/things"
}

dump_things() { as_superuser mariadb-dump --user=root --default-character-set=utf8mb4 --single-transaction --no-tablespaces "$@"; }

# What was written down of the copy, whose events do not run, with those running that ran where they come from. ALTER EVENT would
# give them the character set of this session.
awaken() {
	awk -v names="$notes/awake" '
	BEGIN { while ((getline name <names) > 0) awake[name] }
	/^\\/\\*!50106 CREATE\\*\\/ / {
		for (name in awake) if (at = index($0, name)) {
			end = at + length(name) - 1
			rest = substr($0, end)
			sub(/ DISABLE ON SLAVE /, " ENABLE ", rest)
			$0 = substr($0, 1, end - 1) rest
		}
	}
	{ print }' "$notes/new.sql"
}

# NAME: who may what with its routines, which goes with them when they are removed.
grants_of() {
	with_database "$1" <<'end' | super_sql
SELECT CONCAT('GRANT ', TRIM(BOTH ',' FROM REPLACE(REPLACE(CONCAT(',', proc_priv, ','), ',Grant,', ','), ',,', ',')), ' ON ', routine_type, ' \`', REPLACE(db, '\`', '\`\`'), '\`.\`',
	REPLACE(routine_name, '\`', '\`\`'), '\` TO \`', REPLACE(user, '\`', '\`\`'), IF(host = '', '\`', CONCAT('\`@\`', REPLACE(host, '\`', '\`\`'), '\`')),
	IF(FIND_IN_SET('Grant', proc_priv), ' WITH GRANT OPTION;', ';'))
	FROM mysql.procs_priv WHERE BINARY db = BINARY @db AND proc_priv NOT IN ('', 'Grant');
end
}
`;
