/**
 * How a dump of MariaDB is proven: by a restore into a server of its own, which ends with the proof. A part of `mariadb.ts`.
 */
export const mariadbProof = `# What restores and counts. In a server of its own, without a network and with nobody else's data: in the real one a restored event
# would run, a restored view could be anybody's, and replicas and the binary log would get all of it a second time.
throwaway_script='
set -eu
unset MYSQL_PWD
umask 077
place=$1 type=$2 objects=$3 query=$4
shift 4
mkdir -p "$place"
chown mysql "$place"
trap "[ -z \\"\\\${server:-}\\" ] || { kill -KILL \\"\\$server\\"; wait \\"\\$server\\"; } 2>/dev/null || true" EXIT
trap "exit 1" HUP INT TERM PIPE
if ! mariadb-install-db --no-defaults --user=mysql --datadir="$place/data" --auth-root-authentication-method=normal \\
	--skip-test-db --skip-name-resolve --tmpdir="$place" "$@" >"$place/log" 2>&1; then
	tail -n 20 "$place/log" >&2
	grep -i "error\\|cannot\\|denied" "$place/log" | tail -n 1 >&2
	exit 1
fi
set -- --no-defaults --user=mysql --datadir="$place/data" --tmpdir="$place" --socket="$place/socket" --pid-file="$place/pid" --skip-networking \\
	--skip-log-bin --event-scheduler=OFF --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF "$@"
mariadbd "$@" >"$place/log" 2>&1 </dev/null &
server=$!
client() { mariadb --no-defaults --user=root --socket="$place/socket" --batch --skip-column-names --raw --default-character-set=utf8mb4 "$@"; }
attempts=600
until echo "SELECT 1" | client >/dev/null 2>&1; do
	attempts=$((attempts - 1))
	if [ "$attempts" = 0 ] || ! kill -0 "$server" 2>/dev/null; then
		grep -i error "$place/log" | tail -n 3 >&2
		exit 1
	fi
	sleep 0.1
done
if [ "$type" = roles ]; then
	# In one session: what is restored changes who may begin another. Tables and routines that somebody has rights to are not here.
	{ cat && echo && echo "SELECT CONCAT(\\"users \\", COUNT(*)) FROM mysql.global_priv;"; } | client --force 2>"$place/said" || true
	if grep "^ERROR " "$place/said" | grep -v "^ERROR \\(1146\\|1305\\) " >&2; then exit 1; fi
	exit
fi
echo "CREATE DATABASE restored" | client
# A view of another database cannot be made here. Whatever else goes wrong is told.
client --force restored 2>"$place/said" || true
if grep "^ERROR " "$place/said" | grep -v "^ERROR \\(1049\\|1146\\|1305\\|1356\\) " >&2; then exit 1; fi
printf "%s\\n" "$objects" | client
echo "SELECT CONCAT(\\"SELECT CONCAT(\\\\\\"rows \\\\\\", COUNT(*)) FROM restored.\\\`\\", REPLACE(table_name, \\"\\\`\\", \\"\\\`\\\`\\"), \\"\\\`;\\")
	FROM information_schema.tables WHERE table_schema = \\"restored\\" AND table_type IN (\\"BASE TABLE\\", \\"SYSTEM VERSIONED\\")" |
	client >"$place/counting"
client <"$place/counting"
[ -n "$query" ] || exit 0
# By somebody who may only read: what a view or a function of the restored database does is whatever its owner has written.
echo "CREATE USER asker@localhost; GRANT SELECT, SHOW VIEW, EXECUTE ON restored.* TO asker@localhost" | client
printf "%s\\n" "$query" | client --user=asker restored >"$place/answer"
sed "s/^/answer /" "$place/answer"'

throwaway_server() {
	if [ -n "$container" ]; then
		image=$(docker inspect --format '{{.Image}}' "$container")
		docker run --rm -i --network none --name "$throwaway" --label "lifeboat=$mark" --entrypoint sh "$image" \\
			-c "$throwaway_script" sh /lifeboat-throwaway "$@"
	else
		mkdir -p "$throwaways"
		chmod 0711 "$throwaways"
		mkdir "$place"
		sh -c "$throwaway_script" sh "$place" "$@"
	fi
}

mariadb_prove() {
	user_sql >"$small/like" <<'end'
SELECT CONCAT_WS(' ', CONCAT('--lower-case-table-names=', @@lower_case_table_names), CONCAT('--innodb-page-size=', @@innodb_page_size),
	CONCAT('--max-allowed-packet=', @@max_allowed_packet), CONCAT('--character-set-server=', @@character_set_server),
	CONCAT('--collation-server=', @@collation_server));
end
	# shellcheck disable=SC2046 # words
	open_item "$3" | throwaway_server "$1" "$(objects_of restored)" "$query" $(cat "$small/like") >"$small/restored"
	mariadb_clear
	# Columns as PostgreSQL's client parts them.
	sed -n 's/^answer //p' "$small/restored" | tr '\\t' '|' >"$small/answer"
	sed -i '/^answer /d' "$small/restored"
	if [ "$1" = roles ]; then
		cat "$small/restored"
		return
	fi
	objects_of "$2" | user_sql >"$small/objects"
	sort "$small/objects" >"$small/after"
	grep -v '^rows ' "$small/restored" | sort >"$small/things" || true
	# What has been there all the time has to be in the dump.
	comm -12 "$small/before" "$small/after" | grep -v '^views ' | comm -23 - "$small/things" >"$small/missing" || true
	if [ -s "$small/missing" ]; then fail "it restores without $(cut -d ' ' -f 1 "$small/missing" | sort | uniq -c | awk '{ printf "%s%s of the %s", (NR > 1 ? " and " : ""), $1, $2 }')"; fi
	count_things <"$small/restored"
}

# Lines of objects_of and "rows COUNT" as lines "WHAT COUNT".
count_things() {
	awk '$1 == "rows" { rows += $2; next } { count[$1]++ }
	END {
		n = split("tables views sequences routines triggers events", kinds, " ")
		for (i = 1; i <= n; i++) printf "%s %d\\n", kinds[i], count[kinds[i]]
		printf "rows %.0f\\n", rows
	}'
}

# Ends what a proof has left that was killed, and removes what it has made.
mariadb_clear() {
	if [ -n "$container" ]; then
		docker ps -aq --filter "name=^/$throwaway\\$" --filter "label=lifeboat=$mark" >"$small/left"
		# It was started so that it goes when it ends.
		while read -r left; do docker stop --time 5 "$left" >/dev/null; done <"$small/left"
		return
	fi
	[ -d "$place" ] || return 0
	if [ -f "$place/pid" ]; then
		left=$(cat "$place/pid")
		if tr '\\0' '\\n' <"/proc/$left/cmdline" 2>/dev/null | grep -qxF -e "--datadir=$place/data"; then
			kill -KILL "$left"
			# What has ended has no program any more.
			while readlink "/proc/$left/exe" >/dev/null 2>&1; do sleep 0.1; done
		fi
	fi
	rm -rf "\${place:?}"
}
`;
