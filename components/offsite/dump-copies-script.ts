/** What a guest runs to copy its dumps elsewhere: POSIX shell around Debian's `rclone`, because guests have no Node. */
import { dataProgram } from "../../site/data/places";
import { offsiteGuestPlaces as places } from "../../site/data/offsite-places";
import { rcloneFunctions, runEnd, shellFrame, transferLimits } from "./copy-shell";

/**
 * Copies every whole dump of every source that does not lie elsewhere yet: what a service missed while it was down is made up for
 * at the next run. `SHA256SUMS` comes last, when everything was read back; a folder without it is no copy.
 */
export const dumpCopiesScript = `#!/bin/sh
# Copies whole dumps of this guest to the offsite service. Nothing is ever replaced or removed there: the key of this guest
# may not. Written by Lifeboat: changes to this file are overwritten.
${shellFrame}
work=\${RUNTIME_DIRECTORY:?is set by systemd}
program=${dataProgram}
bucket='' prefix='' bandwidth='' patience=''
# Written by Lifeboat, every value quoted.
# shellcheck source=/dev/null
. ${places.settings}
export RCLONE_CONFIG=${places.configuration}
${transferLimits(2)}
${rcloneFunctions}

# Names of the dumps of a source that lie here, whole.
here() { "$program" list "$source" 2>>"$work/messages" >"$work/manifests" && sed -n 's/^{"version":1,"dump":"\\([^"]*\\)".*$/\\1/p' "$work/manifests" >"$work/here"; }

# Dumps that lie there as a whole.
there() {
	: >"$work/listed"
	remote lsf -R --files-only --include "/*/*/$source-[0-9][0-9][0-9][0-9][0-9][0-9]Z/SHA256SUMS" "offsite:$bucket/$prefix" >"$work/listed"
	listed $?
}

# What lies there is what lies here, by its bytes.
read_back() {
	while read -r sum file; do
		got=$(remote cat "$to/$file" | sha256sum | cut -d ' ' -f 1)
		[ "$got" = "$sum" ] || return 1
	done <"$from/SHA256SUMS"
}

copy_dump() {
	from=$folder/$1 to=offsite:$bucket/$prefix/$1
	: >"$work/messages"
	if ! "$program" check "$source" "$1" 2>>"$work/messages"; then
		complain "$1 is damaged here, and is not copied: $(tail -n 1 "$work/messages")"
		return
	fi
	if ! remote copy --immutable --checksum --exclude /SHA256SUMS "$from" "$to"; then
		complain "$1 cannot be copied: $(because)"
		return
	fi
	if ! read_back; then
		complain "$1: what was copied is not what lies here, so that it counts as no copy: $(because)"
		return
	fi
	# Of a single file (copyto) rclone replaces what is there, also with --immutable.
	if ! remote copy --immutable --checksum --include /SHA256SUMS "$from" "$to" ||
		! remote cat "$to/SHA256SUMS" | cmp -s - "$from/SHA256SUMS"; then
		complain "$1 cannot be finished: $(because)"
		return
	fi
	copied=$((copied + 1))
	printf '%s\\n' "$1" >>"$work/there"
	printf '%s\\n' "$1: copied"
}

copy_source() {
	: >"$work/messages"
	folder=''
	# shellcheck source=/dev/null
	. "${places.sources}/$source/settings"
	if ! here; then
		complain "dumps of $source cannot be listed here: $(tail -n 1 "$work/messages")"
		return
	fi
	[ -s "$work/here" ] || return 0
	if ! there; then
		complain "copies of $source cannot be listed: $(because)"
		return
	fi
	# 1: none is missing. Anything else is no answer.
	grep -vxF -f "$work/there" "$work/here" >"$work/missing" 2>>"$work/messages" || [ $? = 1 ] || {
		complain "what of $source is not copied yet cannot be told: $(tail -n 1 "$work/messages")"
		return
	}
	exec 7<"${places.sources}/$source"
	while IFS= read -r name; do
		# As long as it is copied no run removes it. What one has removed by now is missing nowhere.
		flock -s 7
		[ ! -d "$folder/$name" ] || copy_dump "$name" </dev/null
		flock -u 7
	done <"$work/missing"
	exec 7<&-
	mkdir -p ${places.newest}
	replace ${places.newest}/"$source" "$(sort "$work/there" | tail -n 1)" || failed=yes problem="the newest copy of $source cannot be noted"
}

for place in ${places.sources}/*/settings; do
	[ -f "$place" ] || continue
	source=\${place%/settings}
	source=\${source##*/}
	copy_source
done

mkdir -p ${places.state} ${places.log.slice(0, places.log.lastIndexOf("/"))}
${runEnd({ what: "dumps", name: "offsite", state: places.state, log: places.log })}`;
