/**
 * How a folder, a file or a Docker volume takes the place of another: by two renames beside each other on one file system. Between
 * them the old one lies beside its place, where the same exchange, or the way back, finds it.
 */
export const restoreFilesPart = `# shellcheck shell=sh disable=SC2154
# Folders, files and volumes. What is on its way lies beside the place that it is for.

# TYPE NAME WORD: a path beside it.
files_beside() {
	there=$(place_of "$1" "$2")
	printf '%s/.%s\\n' "\${there%/*}" "$3"
}

# PATH: what is there, as a number that no other has.
files_identity() { if [ -e "$1" ] || [ -L "$1" ]; then identity_of "$1"; else echo -; fi; }

files_look() {
	there=$(place_of "$1" "$2")
	is=$(files_identity "$there")
	if [ "$is" = - ]; then
		absent
		return
	fi
	users=0
	if [ "$1" = volume ]; then users=$(docker ps -q --filter "volume=$2" | grep -c . || true); fi
	ours=false
	record=$(record_of "$there")
	if [ -f "$record" ] && [ "$(cat "$record")" = "$is" ]; then ours=true; fi
	printf '{"exists":true,"identity":"%s","ours":%s,"bytes":%s,"connections":%s}\\n' "$is" "$ours" \\
		"$(du -sxb -- "$there" 2>/dev/null | cut -f 1)" "$users"
}

files_room() {
	there=$(place_of "$1" "$2")
	there=\${there%/*}/
	[ -d "$there" ] || refuse "there is no folder $there"
	df -Pk "$there" | room_in
}

# As the proof of a dump counts.
files_count() {
	if [ -d "$2" ]; then
		printf 'files %s\\nentries %s\\n' "$(find "$2" -type f -printf x | wc -c)" "$(find "$2" -mindepth 1 ! -type s -printf x | wc -c)"
	else
		printf 'files 1\\nentries 1\\n'
	fi
}

files_three() {
	there=$(place_of "$type" "$name")
	is=$(files_identity "$there")
	copied=$(files_identity "$copy")
	aside=$(files_identity "$old")
}

files_exchange() {
	type=$1 name=$2 copy=$3 old=$4 id=$5
	files_three
	if [ "$copied" = - ] && [ "$is" != - ] && [ "$is" != "$id" ] && { [ "$id" = nothing ] || [ "$aside" = "$id" ]; }; then
		printf '%s\\n' "$is"
		return 0
	fi
	[ "$copied" != - ] || refuse "$copy is not there"
	if [ "$is" != - ] || [ "$aside" != "$id" ]; then
		# The first of both renames is still to be done.
		[ "$aside" = - ] || refuse "$old is there already"
		if [ "$id" = nothing ]; then [ "$is" = - ] || refuse "there is $there by now"; fi
		[ "$id" = nothing ] || [ "$is" = "$id" ] || refuse "$there is another than before"
		[ ! -d "$there" ] || ! mountpoint -q "$there" || refuse "$there is a file system of its own: restore beside it, with another name"
		if [ "$type" = volume ]; then
			users=$(docker ps --format '{{.Names}}' --filter "volume=$name" | tr '\\n' ' ')
			[ -z "$users" ] || refuse "containers use the volume $name, stop them first: docker stop $users"
		fi
		if [ "$id" != nothing ]; then
			record_aside "\${old##*/}" "$id"
			mv -T -- "$there" "$old"
		fi
	fi
	mv -T -- "$copy" "$there"
	sync -- "\${there%/*}/"
	rm -f "$(record_of "$copy")"
	printf '%s\\n' "$copied"
}

files_put_back() {
	type=$1 name=$2 copy=$3 old=$4 id=$5
	files_three
	[ "$is" != "$id" ] || [ "$id" = nothing ] || return 0
	[ -z "$made" ] || [ "$is" = - ] || [ "$is" = "$made" ] || refuse "$there is another by now"
	if [ "$id" = nothing ] && { [ "$is" = - ] || [ "$copied" != - ]; }; then return 0; fi
	[ "$id" = nothing ] || [ "$aside" = "$id" ] || refuse "what was $there before is given up already"
	if [ "$is" != - ]; then
		mkdir -p "$state/copies"
		printf '%s\\n' "$is" >"$(record_of "$copy")"
		mv -T -- "$there" "$copy"
	fi
	[ "$id" = nothing ] || mv -T -- "$old" "$there"
	sync -- "\${there%/*}/"
	forget_aside "\${old##*/}"
}

files_release() {
	old=$3 id=$4
	aside=$(files_identity "$old")
	if [ "$aside" != - ]; then
		if [ "$aside" != "$id" ] || ! is_aside "\${old##*/}" "$id"; then refuse 'it is not what was put aside'; fi
		rm -rf --one-file-system -- "$old"
	fi
	forget_aside "\${old##*/}"
}
`;
