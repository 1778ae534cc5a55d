/**
 * The part of `lifeboat-data` that holds a drill: an item of a dump is restored into something that nobody works with, counted, asked
 * the settings' question, and removed again. It works by the functions that prove a dump when it is made; only a kind whose proof
 * compares with what is there now has one of its own (`KIND_drill F`).
 *
 * Everything of it has names of its own, so that neither a run nor a restore waits for it. It ends with 1 where the item does not stand
 * the drill, with 11 while another drill works, and with 75 where it was never tried.
 */
export const drillPart = `# shellcheck shell=sh disable=SC1091,SC2034,SC2154
# A drill of one thing of a dump.

# TYPE NAME SUM QUESTION [DUMP FILE]: without a file it comes compressed over standard input. Prints what was counted and answered.
drill_item() {
	doing="drill $2"
	. "$program/run"
	. "$program/restore"
	mkdir -p "$state"
	exec 8>&2 9>>"$state/drill-lock"
	if ! flock -n 9; then
		printf 'Unable to %s: another drill of it is at work\\n' "$doing" >&2
		exit 11
	fi
	running=yes cause='' tried='' started=$(now)
	throwaway=lifeboat-drill-$source
	[ "$kind" != mariadb ] || place=$throwaways/$source.drill
	stage=$folder/.unfinished/$source.drill
	small=/run/lifeboat/data/$source.drill
	trap end_drill EXIT
	trap 'tried=; cause="it was told to stop"; exit 1' HUP INT TERM PIPE
	# What one has left that was killed.
	rm -rf "$stage" "$small"
	mkdir -p "$stage" "$small"
	chmod 0700 "$folder/.unfinished"
	exec 2>>"$small/messages"
	step 'reach the source'
	"\${kind}_ready" >/dev/null 9>&-
	"\${kind}_clear" 9>&-
	step "bring $2 for the drill"
	plain=$stage/item.dump.zst
	if [ "$#" -gt 4 ]; then
		find_dump "$5"
		items_of "$dump" | member file | grep -qxF -e "$6" || fail "there is no $6 in it"
		plain=$dump/$6
	else
		cat >"$plain"
	fi
	tried=yes
	step "restore $2 into a throw-away"
	[ "$(open_item "$plain" 9>&- | sha256sum | cut -d ' ' -f 1)" = "$3" ] || fail 'it does not hold what was dumped'
	# What lies in the database by now is not compared: the dump is older.
	: >"$small/before"
	query=$4
	case $kind in
	files) files_drill "$plain" ;;
	*) "\${kind}_prove" "$1" "$2" "$plain" ;;
	esac >"$small/counts" 9>&-
	step 'tell what was found'
	printf '{"version":1,"counts":%s,"answer":[%s]}\\n' "$(as_json <"$small/counts")" "$(answer_lines)"
}

# What the question was answered: a text for each row, as much as somebody reads.
answer_lines() {
	[ -n "$query" ] || return 0
	head -n 20 "$small/answer" | cut -c 1-1000 | while IFS= read -r row; do
		json "$row"
		printf '\\n'
	done | paste -s -d ','
}

# At the end of every drill that is not killed outright.
end_drill() {
	code=$?
	trap - EXIT
	set +e
	exec 2>&8
	("\${kind}_clear") >/dev/null 2>&1 9>&-
	if [ "$code" != 0 ]; then
		[ -n "$cause" ] || cause=$(last_words)
		[ -n "$cause" ] || cause="it ended with $code"
		printf 'Unable to %s: %s\\n' "$doing" "$cause" >&2
		if [ -n "$tried" ]; then code=1; else code=75; fi
	fi
	rm -rf "$stage" "$small"
	exit "$code"
}

# DUMP true|false WHY: what the last drill has found, for everybody who asks this guest.
record_drill() {
	doing="keep what the drill of $1 has found"
	mkdir -p "$state" "\${log%/*}"
	case $2 in
	true) said="PROVEN $1 by a drill" ;;
	false) said="NOT PROVEN $1 by a drill: $3" ;;
	*) usage ;;
	esac
	printf '{"dump":%s,"time":%s,"proven":%s,"why":%s}\\n' "$(json "$1")" "$(date -u +%s)" "$2" "$(json "$3")" >"$state/drill.json.new"
	sync "$state/drill.json.new"
	mv "$state/drill.json.new" "$state/drill.json"
	printf '%s %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(printf '%s' "$said" | tr '\\000-\\037\\177' ' ')" >>"$log"
}
`;
