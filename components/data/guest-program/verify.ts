/**
 * The part of `lifeboat-data` that reads a dump again to its end. It prints one line of JSON: `good`, `damaged` with why, or `unseen` where
 * something else than the dump kept it from being read.
 */
export const verifyPart = `# shellcheck shell=sh disable=SC2034,SC2154
# Reads a dump again: every file by its checksum, what is in it by its own, and of a database its table of contents.

# Names of what lies where a dump would, and is none by its manifest. A run gives a dump its name last, so that somebody or
# something else has done this.
broken_dumps() {
	doing="look for damaged dumps in $folder"
	[ -d "$folder" ] || return 0
	ls "$folder" >/dev/null || fail 'the folder cannot be read'
	for lying in "$folder"/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]/"$kind/$source"-[0-9][0-9][0-9][0-9][0-9][0-9]Z; do
		if [ ! -e "$lying" ] || is_whole "$lying"; then continue; fi
		printf '%s\\n' "\${lying#"$folder/"}"
	done
}

verify_dump() {
	name=$1
	find_dump "$name"
	running=yes
	words=$(mktemp)
	trap 'rm -f "$words" "$words.items"' EXIT
	# Its messages are the answer, and not those of this program.
	code=0
	(
		set -e
		read_dump
	) >/dev/null 2>"$words" || code=$?
	case $code in
	0) printf '{"version":1,"result":"good"}\\n' ;;
	1) printf '{"version":1,"result":"damaged","why":%s}\\n' "$(json "$(last_line)")" ;;
	*) printf '{"version":1,"result":"unseen","why":%s}\\n' "$(json "$(last_line)")" ;;
	esac
}

last_line() { grep . "$words" | tail -n 1 | cut -c 1-500; }

# Ends with 1 where the dump is damaged, and with another code where nobody could look.
read_dump() {
	cd "$dump" || unseen "it cannot be entered"
	sha256sum --check --strict --quiet SHA256SUMS >&2 || damaged "its files are not what was written"
	items_of "$dump" >"$words.items"
	while IFS= read -r line; do read_item; done <"$words.items"
}

damaged() {
	printf '%s\\n' "$1" >&2
	exit 1
}

unseen() {
	printf '%s\\n' "$1" >&2
	exit 75
}

read_item() {
	file=$(printf '%s\\n' "$line" | member file)
	grep -qF -e "  $file" SHA256SUMS || damaged "$file has no checksum"
	# Who could open it is not in this guest: its bytes are what was written.
	case $file in *.age) return 0 ;; esac
	type=$(printf '%s\\n' "$line" | member type)
	wanted=$(printf '%s\\n' "$line" | member plainSha256)
	[ "$(open_item "$file" | sha256sum | cut -d ' ' -f 1)" = "$wanted" ] || damaged "$file does not hold what was dumped"
	[ "$kind $type" != 'postgres database' ] || list_database
}

# A superuser's session is not needed to read a file: this only finds the program where the server is.
list_database() {
	as_superuser pg_restore --version >/dev/null || unseen "$file cannot be listed: there is no pg_restore"
	open_item "$file" | as_superuser pg_restore --list | grep -q '^; *TOC Entries: [1-9]' || damaged "pg_restore cannot list $file"
}
`;
