/**
 * The part of `lifeboat-data` that puts something of a dump in the place of what is there. A kind has these functions for it, in a
 * part of its own (`restore-postgres.ts` is the example):
 *
 * | function                               | does                                                                        |
 * | -------------------------------------- | --------------------------------------------------------------------------- |
 * | `KIND_look TYPE NAME`                  | prints what is there as JSON; `absent` where nothing is                     |
 * | `KIND_room TYPE NAME`                  | prints how many bytes may still be written where it lies, or is to lie      |
 * | `KIND_count TYPE NAME`                 | prints lines `WHAT COUNT` of it, as the proof of a dump does                |
 * | `KIND_exchange TYPE NAME COPY OLD ID`  | gives COPY that name, and OLD to what has it now; again: nothing. Prints its ID |
 * | `KIND_put_back TYPE NAME COPY OLD ID`  | the way back; \$made is what the exchange has printed, where that is known   |
 * | `KIND_release TYPE NAME OLD ID`        | removes OLD, if it is what an exchange has put aside                        |
 *
 * ID is what `look` has said of the one that is replaced: `nothing` where there was none. It is recorded before the exchange, and
 * nothing is removed by its name alone.
 */
export const restorePart = `# shellcheck shell=sh disable=SC1090,SC1091,SC2034,SC2154,SC2317
# Something of a dump takes the place of what is there.

# Nothing was changed.
refuse() {
	printf 'Unable to %s: %s\\n' "$doing" "$1" >&2
	exit 13
}

# What df prints, in bytes.
room_in() { tail -n 1 | awk '{ printf "%.0f\\n", $4 * 1024 }'; }

absent() { printf '{"exists":false,"identity":"nothing","ours":false,"bytes":0,"connections":0}\\n'; }

# A folder in memory for what is small.
begin_restore() {
	mkdir -p /run/lifeboat/data "$state"
	small=$(mktemp -d "/run/lifeboat/data/$source.XXXXXX")
	dropping=
	trap end_restore EXIT
	trap 'exit 1' HUP INT TERM PIPE
}

# TYPE COPY: what an earlier attempt has left.
drop_copy() {
	type=$1
	[ "$kind" != files ] || type=path
	"\${kind}_look" "$type" "$2" >"$small/there"
	! grep -qE '"exists" ?: ?true' "$small/there" || "\${kind}_drop_copy" "$2" >/dev/null
}

# A copy that is not whole stays no longer than whoever makes it.
end_restore() {
	code=$?
	trap - EXIT
	set +e
	[ -z "$dropping" ] || ("\${kind}_drop_copy" "$dropping") >/dev/null 2>&1
	rm -rf "$small"
	exit "$code"
}

# Lines "WHAT COUNT" as JSON.
as_json() { awk 'BEGIN { printf "{" } { printf "%s\\"%s\\":%s", (NR > 1 ? "," : ""), $1, $2 } END { print "}" }'; }

# TYPE NAME WORD: what is called WORD while it is on its way to NAME. Files lie beside their place.
on_its_way() {
	case $kind in
	files) files_beside "$1" "$2" "$3" ;;
	*) printf '%s\n' "$3" ;;
	esac
}

# TYPE NAME COPY SUM: what comes compressed over standard input becomes COPY, whole or not at all.
receive_copy() {
	doing="load $2 as $3"
	. "$program/run"
	set -- "$1" "$2" "$(on_its_way "$1" "$2" "$3")" "$4"
	drop_copy "$1" "$3"
	dropping=$3
	# Read by KIND_load.
	like=$2
	{
		zstd -dcq
		: >"$small/whole"
	} | measured "$small/item" | "\${kind}_load" "$1" "$3" >&2
	[ -e "$small/whole" ] || fail 'it ended before its end, or is damaged'
	[ "$(cat "$small/item.sum")" = "$4" ] || fail 'something else came than was dumped'
	"\${kind}_count" "$1" "$3" | as_json
	dropping=
}

# OPERATION TYPE NAME [TYPE NAME …]: a dump of these as they are now, where no retention looks. Prints its name.
keep_things() {
	doing="keep what is there for $1"
	require_operation "$1"
	folder=$folder/save-points/$1
	own=$state/save-point-$1
	shift
	rm -rf "$own"
	mkdir -p "$own"
	# A run and this never work at the same time: they hold one lock under two names.
	: >>"$state/lock"
	ln "$state/lock" "$own/lock"
	state=$own
	while [ "$#" -ge 2 ]; do
		printf '%s %s\\n' "$1" "$2"
		shift 2
	done >"$own/items"
	. "$program/retention"
	. "$program/run"
	case $kind in
	postgres) postgres_items() { cat "$own/items"; } ;;
	mariadb)
		mariadb_items() { cat "$own/items"; }
		# Its user may read what it is to dump.
		[ -z "$databases" ] || databases=$(printf '%s\\n' "$databases" && sed -n 's/^database //p' "$own/items")
		;;
	files) files_items() { cat "$own/items"; } ;;
	command) command_items() { cat "$own/items"; } ;;
	esac
	apply_retention() { :; }
	# What an earlier attempt at the same has left.
	rm -rf "$folder" "$small"
	mkdir -p "$folder"
	run_source --accept
	rm -rf "$own" "$folder/.unfinished"
	printf '%s\\n' "$dump"
}

require_operation() {
	case $1 in
	'' | *[!A-Za-z0-9-]*) refuse 'that is no operation' ;;
	esac
}

# One line for each save point: OPERATION MANIFEST.
list_save_points() {
	points=$folder/save-points
	doing="list the save points in $points"
	[ -d "$points" ] || return 0
	ls "$points" >"$small/points" || fail 'the folder cannot be read'
	while IFS= read -r operation; do
		folder=$points/$operation
		list_dumps | sed "s/^/$operation /"
	done <"$small/points"
}

# OPERATION: its save point goes. Only what keep_things has made lies there.
forget_save_point() {
	doing="remove the save point of $1"
	require_operation "$1"
	[ ! -d "$folder/save-points/$1/.unfinished" ] || rm -rf "$folder/save-points/$1/.unfinished"
	point=$folder/save-points/$1
	[ -d "$point" ] || return 0
	folder=$point
	dump_names >"$small/names"
	while IFS= read -r name; do rm -rf "\${folder:?}/$name"; done <"$small/names"
	rm -f "$point/released"
	find "$point" -depth -type d -empty -delete
}

# OPERATION: what it has replaced is not needed any more. Those that were given up 30 days ago go.
release_save_point() {
	doing="give up the save point of $1"
	require_operation "$1"
	points=$folder/save-points
	[ ! -d "$points/$1" ] || : >"$points/$1/released"
	find "$points" -mindepth 2 -maxdepth 2 -name released -mtime +30 >"$small/released"
	whole=$folder
	while IFS= read -r file; do
		operation=\${file%/released}
		folder=$whole
		forget_save_point "\${operation##*/}"
	done <"$small/released"
}

# OLD ID: what is put aside under that name, written down before it is.
record_aside() {
	mkdir -p "$state/aside"
	printf '%s\\n' "$2" >"$state/aside/$1.new"
	sync "$state/aside/$1.new"
	mv "$state/aside/$1.new" "$state/aside/$1"
	sync "$state/aside"
}

# OLD ID: whether an exchange of ours has put it aside.
is_aside() { [ -f "$state/aside/$1" ] && [ "$(cat "$state/aside/$1")" = "$2" ]; }

forget_aside() { rm -f "$state/aside/$1"; }

restore_verb() {
	begin_restore
	case $verb in
	keep | save-points | forget | released) ;;
	*)
		doing="restore in $source"
		[ -f "$program/restore-$kind" ] || refuse "what is of kind $kind is loaded by hand: docs/guides/databases.md"
		. "$program/restore-$kind"
		;;
	esac
	case $verb in
	look)
		doing="look at $2"
		"\${kind}_look" "$1" "$2"
		;;
	room)
		doing="look how much room there is for $2"
		"\${kind}_room" "$1" "$2"
		;;
	copy)
		mkfifo "$small/pipe"
		"$program/lifeboat-data" fetch "$5" "$6" "$7" >"$small/pipe" &
		receive_copy "$1" "$2" "$3" "$4" <"$small/pipe"
		;;
	drop)
		doing="remove the copy $3"
		drop_copy "$1" "$(on_its_way "$1" "$2" "$3")"
		;;
	receive) receive_copy "$1" "$2" "$3" "$4" ;;
	keep) keep_things "$@" ;;
	save-points) list_save_points ;;
	forget) forget_save_point "$1" ;;
	released) release_save_point "$1" ;;
	exchange)
		doing="put $2 in its place"
		disconnect=\${6:-}
		"\${kind}_exchange" "$1" "$2" "$(on_its_way "$1" "$2" "$3")" "$(on_its_way "$1" "$2" "$4")" "$5"
		;;
	put-back)
		doing="put $2 back"
		disconnect=disconnect made=\${6:-}
		"\${kind}_put_back" "$1" "$2" "$(on_its_way "$1" "$2" "$3")" "$(on_its_way "$1" "$2" "$4")" "$5"
		;;
	release)
		doing="remove $3, which was put aside"
		"\${kind}_release" "$1" "$2" "$(on_its_way "$1" "$2" "$3")" "$4"
		;;
	esac
}
`;
