/** The part of `lifeboat-data` that makes a dump. */
export const runPart = `# shellcheck shell=sh disable=SC2034,SC2154
# A run: lock, dump, proof, comparison with the last dump, encryption, manifest, rename, status, retention. What is
# killed anywhere before the rename leaves nothing that looks like a dump; the next run removes it.

now() { date -u +%s; }

# What is being done, for the message of a failure; and what others said before has nothing to do with it.
step() {
	doing=$1
	: >"$small/messages"
}

# What is told of a run that ends well. The line of the log has it.
remark() { printf '%s\\n' "$1" >>"$small/remarks"; }

# One line in the log, which is also what systemd's journal gets.
log_line() {
	line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $1"
	printf '%s\\n' "$line" >&2
	printf '%s\\n' "$line" >>"$log"
}

# Whole or not at all: where there is no room for it, what was there stays. RESULT MESSAGE [ENDED]
write_status() {
	words=$(
		printf '{"version":1,"source":"%s","result":"%s","started":%s' "$source" "$1" "$started"
		[ -z "\${3:-}" ] || printf ',"ended":%s' "$3"
		[ -z "$held" ] || printf ',"held":%s' "$(json "$held")"
		printf ',"message":%s}' "$(json "$2")"
	)
	if ! printf '%s\\n' "$words" >"$state/status.json.new" || ! mv "$state/status.json.new" "$state/status.json"; then
		rm -f "$state/status.json.new"
		return 1
	fi
}

# The last words of what failed; of a full disk others say less, and some only where their bugs are reported.
last_words() {
	grep -i 'no space left on device' "$small/messages" 2>/dev/null | tail -n 1 | cut -c 1-500 | grep . && return
	for disk in "$folder" "$state" "\${log%/*}" /run; do
		[ "$(df --output=avail "$disk" 2>/dev/null | tail -n 1 | tr -d ' ')" != 0 ] || { printf 'No space left on device: %s\\n' "$disk" && return; }
	done
	# Behind its reason it writes the whole statement, which may be pages.
	grep '^pg_restore: error: ' "$small/messages" 2>/dev/null | head -n 1 | cut -c 1-500 | grep . && return
	grep -v -e '^[[:space:]]*$' -e '^age: report unexpected' "$small/messages" 2>/dev/null | tail -n 1 | cut -c 1-500
}

# At the end of every run that is not killed outright.
ended() {
	code=$?
	trap - EXIT
	set +e
	exec 2>&8
	if [ -z "$finished" ]; then
		[ -n "$cause" ] || cause=$(last_words)
		[ -n "$cause" ] || cause="it ended with $code"
		("\${kind}_clear") >/dev/null 2>&1 9>&-
		message="Unable to $doing: $cause"
		rm -rf "$stage" "$small"
		write_status error "$message" "$(now)"
		log_line "ERROR $source: $message"
		exit 1
	fi
	rm -rf "$stage" "$small"
}

run_source() {
	doing='run'
	accept=
	[ "\${1:-}" != --accept ] || accept=yes
	mkdir -p "$state" "\${log%/*}"
	exec 8>&2 9>>"$state/lock"
	# Whoever reads the status holds it for a moment.
	if ! flock -w 5 9; then
		log_line "ERROR $source: Unable to run: another run of it is at work"
		exit 1
	fi
	running=yes finished='' cause='' held='' started=$(now)
	stage=$folder/.unfinished/$source
	# In memory: what it holds is small, and a full disk has its message.
	small=/run/lifeboat/data/$source
	trap ended EXIT
	trap 'cause="it was told to stop"; exit 1' HUP INT TERM
	doing="begin a dump in $folder"
	rm -rf "$small"
	mkdir -p "$small"
	exec 2>>"$small/messages"
	tell_killed
	write_status running "begun"
	rm -rf "$stage"
	mkdir -p "$stage"
	chmod 0700 "$folder/.unfinished"
	make_dump
	finish_run
}

# What a run was doing that was killed outright is nowhere; that it was is told by the next one.
tell_killed() {
	grep -q '"result":"running"' "$state/status.json" 2>/dev/null || return 0
	begun=$(sed -n 's/^.*"started":\\([0-9]*\\).*$/\\1/p' "$state/status.json")
	left=
	[ ! -e "$stage" ] || left=', and what it left is removed'
	remark "the run begun at $(date -u -d "@$begun" +%Y-%m-%dT%H:%M:%SZ) was killed$left"
}

# A name is a second. One that has a dump already goes by; a clock that was put back shows it again.
name_dump() {
	while :; do
		day=$(date -u -d "@$started" +%Y-%m-%d)
		dump=$day/$kind/$source-$(date -u -d "@$started" +%H%M%S)Z
		[ -e "$folder/$dump" ] || return 0
		sleep 1
		started=$(now)
	done
}

make_dump() {
	name_dump
	find_last
	step 'reach the source'
	"\${kind}_ready" >"$small/server" 9>&-
	"\${kind}_clear" 9>&-
	step 'list what is to be dumped'
	"\${kind}_items" >"$small/items" 9>&-
	[ -s "$small/items" ] || fail 'there is nothing'
	mkdir "$stage/dump"
	number=0
	while IFS= read -r line; do
		number=$((number + 1))
		make_item "\${line%% *}" "\${line#* }" "$number" </dev/null
	done <"$small/items"
	step 'finish the dump'
	[ "$(cat "$small"/*.bytes | awk '{ sum += $1 } END { printf "%.0f", sum }')" -ge "$minimum" ] || [ -n "$accept" ] ||
		fail "it has fewer than $minimum bytes"
	write_manifest
	put_dump
}

# The newest whole dump before this one. That none lies there, although one was made, is no first time: a disk that is not
# mounted looks so.
find_last() {
	step "look for the last dump in $folder"
	dump_names >"$small/names"
	last=$(tail -n 1 "$small/names")
	if [ -z "$last" ] && [ -s "$state/made" ] && [ -z "$accept" ]; then
		fail "none lies there, although $(cat "$state/made") was made: is the disk mounted? With --accept it begins anew"
	fi
}

# Passes on what it reads, and writes down how many bytes that were, and their checksum.
measured() {
	{
		tee /dev/fd/3 | {
			tee /dev/fd/4 | wc -c >"$1.bytes"
		} 4>&1 | sha256sum | cut -d ' ' -f 1 >"$1.sum"
	} 3>&1
}

make_item() {
	type=$1 name=$2
	item=$small/$3 plain=$stage/item-$3.dump.zst
	step "dump $type $name"
	{
		"\${kind}_dump" "$type" "$name"
		: >"$item.dumped"
	} 9>&- | measured "$item" 9>&- | zstd -q -T0 -o "$plain" 9>&-
	# The status of a pipeline is that of its end only.
	[ -e "$item.dumped" ] || fail "$(last_words)"
	step "read the dump of $type $name again"
	open_item "$plain" 9>&- | sha256sum | cut -d ' ' -f 1 >"$item.again"
	cmp -s "$item.sum" "$item.again" || fail 'it is not what was written'
	step "prove the dump of $type $name"
	"\${kind}_prove" "$type" "$name" "$plain" >"$item.counts" 9>&-
	compare_item "$item"
	step "store the dump of $type $name"
	file=item-$3.dump.zst
	if [ -s "$settings/recipients" ]; then
		file=$file.age
		age -R "$settings/recipients" -o "$stage/dump/$file" "$plain"
		rm "$plain"
	else
		mv "$plain" "$stage/dump/$file"
	fi
	describe_item "$item" "$file" >"$item.json"
}

# Against the same item in the last dump: a part that has shrunk too much, or is empty and was not.
compare_item() {
	step "compare $type $name with the last dump"
	[ -n "$last" ] && [ -z "$accept" ] || return 0
	items_of "$folder/$last" | grep -F -e "\\"type\\":\\"$type\\"," | grep -F -e "\\"name\\":$(json "$name")}" >"$1.last" || return 0
	had=$(member plainBytes <"$1.last") has=$(cat "$1.bytes")
	while read -r what count; do
		before=$(member "$what" <"$1.last")
		[ "$count" -gt 0 ] || [ "\${before:-0}" -eq 0 ] ||
			fail "it restores with no $what, and $last had $before; with --accept it is made all the same"
	done <"$1.counts"
	# In awk: a shell's numbers may end before a large dump's bytes times 100.
	awk -v had="$had" -v has="$has" -v shrink="$shrink" 'BEGIN { exit !(has * 100 < had * (100 - shrink)) }' || return 0
	fail "it has $has bytes and $last had $had: more than $shrink percent smaller; with --accept it is made all the same"
}

describe_item() {
	printf '{"file":"%s","type":"%s","bytes":%s,"sha256":"%s",' "$2" "$type" "$(stat -c %s "$stage/dump/$2")" \\
		"$(sha256sum "$stage/dump/$2" | cut -d ' ' -f 1)"
	printf '"plainBytes":%s,"plainSha256":"%s","counts":{' "$(cat "$1.bytes")" "$(cat "$1.sum")"
	awk '{ printf "%s\\"%s\\":%s", (NR > 1 ? "," : ""), $1, $2 }' "$1.counts"
	printf '},"name":%s}' "$(json "$name")"
}

write_manifest() {
	{
		printf '{"version":1,"dump":"%s","server":%s,"recipients":[' "$dump" "$(json "$(cat "$small/server")")"
		[ ! -s "$settings/recipients" ] || awk '{ printf "%s\\"%s\\"", (NR > 1 ? "," : ""), $1 }' "$settings/recipients"
		printf '],"items":[\\n'
		count=1
		while [ "$count" -le "$number" ]; do
			cat "$small/$count.json"
			if [ "$count" -lt "$number" ]; then printf ',\\n'; else printf '\\n'; fi
			count=$((count + 1))
		done
		printf ']}\\n'
	} >"$stage/dump/manifest.json"
	(cd "$stage/dump" && sha256sum item-* manifest.json >SHA256SUMS)
}

# Everything is on the disk before the name is, and the name is the last.
put_dump() {
	is_whole "$stage/dump" || fail 'it is not whole'
	sync "$stage/dump"/* "$stage/dump"
	mkdir -p "$folder/\${dump%/*}"
	mv -T "$stage/dump" "$folder/$dump"
	sync "$folder/\${dump%/*}" "$folder/$day" "$folder"
	printf '%s\\n' "$dump" >"$state/made.new"
	mv "$state/made.new" "$state/made"
}

finish_run() {
	step "remove what the retention does not keep, after $dump was made"
	apply_retention "$dump"
	counts=$(cat "$small"/*.counts | awk '{ sum[$1] += $2 } END { for (what in sum) print what, sum[what] }' | sort | tr '\\n' ',')
	message="$number items, $(bytes_of "$dump") bytes, \${counts%,}, $(($(now) - started)) s"
	[ ! -s "$small/remarks" ] || message="$message; $(paste -s -d ';' "$small/remarks")"
	[ -z "$held" ] || message="$message; nothing was removed: $(held_because)"
	step 'write the status'
	write_status success "$message" "$(now)"
	log_line "SUCCESS $dump: $message"
	finished=yes
}

held_because() {
	case $held in
	clock-behind*) printf 'the clock is before the dump %s' "\${held#* }" ;;
	*) printf 'the clock is far after the last dump %s' "\${held#* }" ;;
	esac
}
`;
