/** What a guest runs to copy its dumps elsewhere: POSIX shell around Debian's `rclone`, because guests have no Node. */
import { dataProgram } from "../../site/data/places";
import { offsiteGuestPlaces as places } from "../../site/data/offsite-places";

/**
 * Copies every whole dump of every source that does not lie elsewhere yet: what a service missed while it was down is made up for
 * at the next run. `SHA256SUMS` comes last, when everything was read back; a folder without it is no copy.
 */
export const dumpCopiesScript = `#!/bin/sh
# Copies whole dumps of this guest to the offsite service. Nothing is ever replaced or removed there: the key of this guest
# may not. Written by Lifeboat: changes to this file are overwritten.
set -u
umask 077
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
work=\${RUNTIME_DIRECTORY:?is set by systemd}
program=${dataProgram}
bucket='' prefix='' bandwidth='' patience=''
# Written by Lifeboat, every value quoted.
# shellcheck source=/dev/null
. ${places.settings}
export RCLONE_CONFIG=${places.configuration}
# A service that is down is down: the timer tries again, and nobody waits for hours. One that answers slowly, and never ends,
# is given up after $patience.
export RCLONE_CONTIMEOUT=15s RCLONE_TIMEOUT=2m RCLONE_RETRIES=2 RCLONE_LOW_LEVEL_RETRIES=2
[ -z "$bandwidth" ] || export RCLONE_BWLIMIT="\${bandwidth}B"
# It wants a place for a cache that it does not need.
export HOME="$work"
failed='' copied=0 problem=''

remote() { timeout --kill-after=30 "$patience" rclone --quiet "$@" 2>>"$work/messages"; }

# What rclone said last, without its own time.
because() {
	said=$(sed -n 's/^[0-9/]* [0-9:]* *//; /./p' "$work/messages" | tail -n 1 | cut -c 1-300)
	printf '%s' "\${said:-no answer in time}"
}

complain() {
	printf '%s\\n' "$1" >&2
	failed=yes problem=$1
}

# Names of the dumps of a source that lie here, whole.
here() { "$program" list "$source" 2>>"$work/messages" >"$work/manifests" && sed -n 's/^{"version":1,"dump":"\\([^"]*\\)".*$/\\1/p' "$work/manifests" >"$work/here"; }

# Names of those that lie there as a whole. That there is no such folder is no error; everything else is.
there() {
	: >"$work/listed"
	remote lsf -R --files-only --include "/*/*/$source-[0-9][0-9][0-9][0-9][0-9][0-9]Z/SHA256SUMS" "offsite:$bucket/$prefix" >"$work/listed"
	case $? in
	0 | 3) sed 's:/SHA256SUMS$::' "$work/listed" >"$work/there" ;;
	*) return 1 ;;
	esac
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
	if ! remote copyto --immutable --checksum "$from/SHA256SUMS" "$to/SHA256SUMS" ||
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
	grep -vxF -f "$work/there" "$work/here" >"$work/missing"
	while IFS= read -r name; do copy_dump "$name" </dev/null; done <"$work/missing"
	mkdir -p ${places.newest}
	sort "$work/there" | tail -n 1 >${places.newest}/"$source"
}

for place in ${places.sources}/*/settings; do
	[ -f "$place" ] || continue
	source=\${place%/settings}
	source=\${source##*/}
	copy_source
done

message="$copied dumps copied"
[ -z "$failed" ] || message=$(printf '%s' "$problem" | tr '\\000-\\037\\042\\134\\177' ' ')
result=success
[ -z "$failed" ] || result=error
mkdir -p ${places.state} ${places.log.slice(0, places.log.lastIndexOf("/"))}
printf '{"version":1,"result":"%s","time":%s,"message":"%s"}\\n' "$result" "$(date +%s)" "$message" >${places.state}/status.json.new
mv ${places.state}/status.json.new ${places.state}/status.json
word=SUCCESS
[ -z "$failed" ] || word=ERROR
printf '%s %s offsite: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$word" "$message" >>${places.log}
[ -z "$failed" ]
`;
