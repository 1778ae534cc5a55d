/** The part of `lifeboat-data` that knows the dumps which lie there: whole ones only. */
export const dumpsPart = `# shellcheck shell=sh disable=SC2034,SC2154
# Dumps that lie there. A dump is whole when its manifest has its end and every file has its size.

# Names of whole dumps, from the oldest. A folder that cannot be read is an error, and not the absence of dumps.
dump_names() {
	[ -d "$folder" ] || return 0
	ls "$folder" >/dev/null || return 1
	for lying in "$folder"/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]/"$kind/$source"-[0-9][0-9][0-9][0-9][0-9][0-9]Z; do
		[ -d "$lying" ] || continue
		! is_whole "$lying" || printf '%s\\n' "\${lying#"$folder/"}"
	done
}

# Lines of a manifest, one for each item.
items_of() { sed -n '/^{"file":/p' "$1/manifest.json"; }

# A number, or a text that cannot hold quotes, of a line of items_of. The name stands last, and has its quotes escaped.
member() { sed -n 's/^.*"'"$1"'":"\\{0,1\\}\\([^,"}]*\\).*$/\\1/p'; }

is_whole() {
	[ -f "$1/manifest.json" ] && [ -f "$1/SHA256SUMS" ] && [ "$(tail -n 1 "$1/manifest.json")" = ']}' ] || return 1
	items_of "$1" | grep -q . || return 1
	items_of "$1" | while IFS= read -r line; do
		file=$(printf '%s\\n' "$line" | member file)
		[ "$(stat -c %s "$1/$file" 2>/dev/null)" = "$(printf '%s\\n' "$line" | member bytes)" ] || return 1
	done
}

list_dumps() {
	doing="list the dumps in $folder"
	names=$(dump_names) || fail 'the folder cannot be read'
	printf '%s\\n' "$names" | while IFS= read -r name; do
		[ -z "$name" ] || { tr -d '\\n' <"$folder/$name/manifest.json" && printf '\\n'; }
	done
}

# Refuses what is no dump of this source: the name comes from outside. What a restore has replaced lies in a folder of its own.
find_dump() {
	case $1 in
	save-points/*/*)
		operation=\${1#save-points/}
		operation=\${operation%%/*}
		folder=$folder/save-points/$operation
		set -- "\${1#save-points/*/}"
		;;
	esac
	doing="find the dump $1"
	names=$(dump_names) || fail "$folder cannot be read"
	printf '%s\\n' "$names" | grep -qxF -e "$1" || fail "there is no such whole dump of $source in $folder"
	dump=$folder/$1
	# As long as it is read no run removes it. A run that removes just now may have removed this one.
	exec 7<"$settings"
	flock -s 7
	[ -d "$dump" ] || fail 'it was removed'
}

check_dump() {
	find_dump "$1"
	doing="check the dump $1"
	cd "$dump" || fail "it cannot be entered"
	sha256sum --check --strict --quiet SHA256SUMS >&2 || fail 'it is damaged'
}

fetch_file() {
	find_dump "$1"
	doing="fetch $2 of $1"
	items_of "$dump" | member file | grep -qxF -e "$2" || fail 'there is no such file in it'
	cat "$dump/$2"
}

print_status() {
	doing="read the status of $source"
	names=$(dump_names) || fail "$folder cannot be read"
	newest=$(printf '%s\\n' "$names" | tail -n 1)
	said=$(cat "$state/status.json" 2>/dev/null) || said=
	[ -n "$said" ] || said='{"version":1,"source":"'$source'","result":"never","message":""}'
	is_running=false
	if [ -e "$state/lock" ] && ! flock -n -s "$state/lock" true; then is_running=true; fi
	printf '%s,"running":%s,"dumps":%s' "\${said%\\}}" "$is_running" "$(printf '%s' "$names" | grep -c .)"
	if [ -n "$newest" ]; then
		printf ',"newest":{"dump":"%s","time":%s,"bytes":%s}' "$newest" "$(time_of "$newest")" "$(bytes_of "$newest")"
	fi
	[ ! -s "$state/drill.json" ] || printf ',"drill":%s' "$(cat "$state/drill.json")"
	printf '}\\n'
}

# Unix seconds, from a dump's name.
time_of() {
	clock=\${1##*-}
	date -u -d "\${1%%/*} $(printf '%s' "\${clock%Z}" | sed 's/^\\(..\\)\\(..\\)/\\1:\\2:/')" +%s
}

bytes_of() { items_of "$folder/$1" | member bytes | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# What went into an item that lies compressed.
open_item() { zstd -dcq -- "$1"; }
`;
