/**
 * The part of `lifeboat-data` for folders, single files and Docker volumes, by GNU tar. The proof reads the archive again beside what
 * lies there, so that it takes no room: names as they were put in, sizes and contents as they are.
 */
export const filesPart = `# shellcheck shell=sh disable=SC2154
# Folders, single files and Docker volumes, by GNU tar: with owners, modes, extended attributes, hard links and holes.

# What a single file is called in its archive: a folder's own entry is "./".
single=./.lifeboat-single-file

tar_words='--numeric-owner --acls --xattrs --xattrs-include=*'

files_ready() {
	tar --version >"$small/tar" 2>/dev/null || fail 'there is no tar'
	head -n 1 "$small/tar" | grep -F 'GNU tar' || fail 'its tar is not that of GNU'
}

files_items() {
	[ -z "$paths" ] || printf '%s\\n' "$paths" | sed 's/^/path /'
	[ -z "$volumes" ] || printf '%s\\n' "$volumes" | sed 's/^/volume /'
}

# TYPE NAME: where it lies. A volume of another driver than Docker's own lies nowhere that can be read.
place_of() {
	if [ "$1" = path ]; then
		printf '%s\\n' "$2"
		return
	fi
	driver=$(docker volume inspect --format '{{.Driver}}' "$2")
	[ "$driver" = local ] || fail "the volume $2 is one of the driver $driver"
	docker volume inspect --format '{{.Mountpoint}}' "$2"
}

files_dump() {
	place=$(place_of "$1" "$2")
	[ -e "$place" ] || fail "there is no $place"
	: >"$stage/said"
	code=0
	if [ -d "$place" ]; then
		place=$(cd "$place" && pwd -P)
		excluded >"$stage/exclude"
		# shellcheck disable=SC2086 # words
		tar --create --directory "$place" $tar_words --format=posix --sparse --sort=name --verbose --index-file="$stage/names" \\
			--anchored --no-wildcards --exclude-from="$stage/own" --no-anchored --wildcards --exclude-from="$stage/exclude" \\
			. 2>"$stage/said" || code=$?
	else
		# shellcheck disable=SC2086 # words
		tar --create --directory "\${place%/*}/" $tar_words --format=posix --sparse --verbose --index-file="$stage/names" \\
			--show-transformed-names --transform "s|.*|$single|" -- "./\${place##*/}" 2>"$stage/said" || code=$?
	fi
	# 1: something changed while it was read. It is in the dump as it was read, and the message says so.
	[ "$code" -le 1 ] || fail "$(grep '^tar: ' "$stage/said" | grep -v 'socket ignored\\|Exiting with failure status' | tail -n 1)"
	changed=$(grep -c 'changed as we read it\\|removed before we read it\\|File shrank' "$stage/said" || true)
	[ "$changed" = 0 ] || remark "$changed changed while $place was read: $(changed_names)"
}

changed_names() {
	sed -n 's/^tar: \\(.*\\): \\(file changed as we read it\\|[Ff]ile removed before we read it\\|File shrank.*\\)$/\\1/p' "$stage/said" |
		head -n 3 | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $0 }'
}

# Patterns of names that are left out; and Lifeboat's own dumps, which lie in a folder of the guest as well.
excluded() {
	: >"$stage/own"
	case $folder/ in
	"$place"/*) printf './%s\\n' "\${folder#"$place"/}" >"$stage/own" ;;
	esac
	[ -z "$exclude" ] || printf '%s\\n' "$exclude"
}

# Reads it again beside what lies there: names, kinds, sizes and contents. What is not the same has to have been changed since the
# run began.
files_prove() {
	place=$(place_of "$1" "$2")
	# shellcheck disable=SC2086 # words
	open_item "$3" | tar --list --verbose --numeric-owner --show-transformed-names >"$stage/listed"
	open_item "$3" | tar --list >"$stage/again"
	cmp -s "$stage/names" "$stage/again" || fail 'it does not hold the names that were put into it'
	: >"$stage/differing"
	if [ -d "$place" ]; then
		place=$(cd "$place" && pwd -P)
		open_item "$3" | tar --compare --directory "$place" --numeric-owner >"$stage/differing" 2>/dev/null || true
	else
		open_item "$3" | tar --extract --to-stdout | cmp -s - "$place" || echo "$place: Contents differ" >"$stage/differing"
	fi
	sed -n 's/^\\(.*\\): \\(Contents differ\\|Size differs\\|File type differs\\)$/\\1/p' "$stage/differing" >"$stage/suspects"
	while IFS= read -r suspect; do
		# tar writes what is no plain letter of a name as \\303\\251 or \\n, and a backslash as two.
		case $suspect in
		*\\\\*)
			# shellcheck disable=SC2059 # it is the format
			suspect=$(printf "$(printf %s "$suspect" | sed 's/%/%%/g')x")
			suspect=\${suspect%x}
			;;
		esac
		case $suspect in
		/*) file=$suspect ;;
		*) file=$place/$suspect ;;
		esac
		# Gone by now.
		[ -e "$file" ] || [ -L "$file" ] || continue
		[ "$(stat -c %Z -- "$file")" -ge "$((started - 1))" ] || fail "$file is another than in the dump, although nobody has changed it"
	done <"$stage/suspects"
	# A folder's own entry is no content.
	awk '/^[-h]/ { files++ } { all++ } END { printf "files %d\\nentries %d\\n", files, all - 1 }' "$stage/listed" >"$stage/counts"
	[ -d "$place" ] || printf 'files 1\\nentries 1\\n' >"$stage/counts"
	cat "$stage/counts"
}

files_clear() { :; }

# A drill unpacks it into a folder that goes again: what lies in its place is newer than the dump.
files_drill() {
	tree=$stage/tree
	mkdir "$tree"
	# shellcheck disable=SC2086 # words
	open_item "$1" | tar --extract --directory "$tree" $tar_words --preserve-permissions --same-owner --delay-directory-restore
	printf 'files %s\\nentries %s\\n' "$(find "$tree" -type f -printf x | wc -c)" "$(find "$tree" -mindepth 1 -printf x | wc -c)"
}

# Makes a folder or a file of an item that is in nobody's way: an absolute path where there is nothing.
files_load() {
	case $2 in
	/*/) fail "$2 ends in a /" ;;
	/*) ;;
	*) fail "$2 is no absolute path" ;;
	esac
	if [ -e "$2" ] || [ -L "$2" ]; then fail "there is $2 already"; fi
	[ -d "\${2%/*}/" ] || fail "there is no folder \${2%/*}"
	mkdir "$2"
	# By its number, so that no other of that name is ever removed.
	mkdir -p "$state/copies"
	record=$(record_of "$2")
	identity_of "$2" >"$record"
	# shellcheck disable=SC2086 # words
	tar --extract --directory "$2" $tar_words --preserve-permissions --same-owner --delay-directory-restore
	[ -e "$2/$single" ] || return 0
	mv "$2/$single" "$2.lifeboat-file"
	rmdir "$2"
	identity_of "$2.lifeboat-file" >"$record"
	mv "$2.lifeboat-file" "$2"
}

record_of() { printf '%s/copies/%s\\n' "$state" "$(printf %s "$1" | sha256sum | cut -c 1-32)"; }

# Neither its place nor its content: what it is.
identity_of() { stat -c '%d:%i' -- "$1"; }

files_drop_copy() {
	record=$(record_of "$1")
	if [ -e "$1" ] || [ -L "$1" ]; then
		if [ ! -f "$record" ] || [ "$(cat "$record")" != "$(identity_of "$1")" ]; then fail "$1 was not made by Lifeboat"; fi
		rm -rf --one-file-system -- "$1"
	fi
	rm -f "$record"
}
`;
