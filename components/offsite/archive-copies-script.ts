/** What a node runs to copy chosen archives elsewhere: POSIX shell around Debian's `rclone`, because nodes have no Node. */
import { offsiteNodePlaces as places } from "../../site/offsite/node-places";
import { rcloneFunctions, runEnd, shellFrame, transferLimits } from "./copy-shell";

/**
 * Copies the newest archive of each chosen guest, unless it lies elsewhere already; of those that go once a week not before the
 * last copy is a week old. `SHA256SUMS` comes last, and is made of what was read here before anything was sent: a folder without it
 * is no copy.
 */
export const archiveCopiesScript = `#!/bin/sh
# Copies chosen archives of this node to the offsite service. Nothing is ever replaced or removed there: the key of this node
# may not. Written by Lifeboat: changes to this file are overwritten.
${shellFrame}
environment=\${1:?is the name of an environment}
case $environment in *[!A-Za-z0-9._-]* | .*)
	echo "lifeboat-archives: $environment is no environment" >&2
	exit 2
	;;
esac
own=${places.folder}/$environment
state=${places.state}/$environment
log=${places.logs}/archives-$environment.log
bucket='' prefix='' bandwidth='' patience='' folder='' storage=''
# Written by Lifeboat, every value quoted.
# shellcheck source=/dev/null
. "$own/settings"
export RCLONE_CONFIG="$own/rclone.conf"
${transferLimits(5)}
mkdir -p "$state" ${places.logs}
# One run at a time: the first copy of a large guest may take longer than until the next run.
exec 9>>"$state/lock"
if ! flock -n 9; then
	echo 'another run is at work'
	exit 0
fi
work=$(mktemp -d "$state/.run.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
${rcloneFunctions}

# Where the archives lie: as the settings say, or as Proxmox does of a storage that was there already.
find_folder() {
	if [ -z "$folder" ]; then
		folder=$(awk -v id="$storage" '
			/^[a-z]+: / { kind = $1; there = $2 == id }
			there && $1 == "path" { print $2 "/dump"; exit }
		' ${places.storages} 2>/dev/null)
	fi
	[ -n "$folder" ] || {
		complain "the storage $storage is no folder of this node, so that its archives cannot be copied"
		return 1
	}
	# A disk that is not mounted has no such folder, or an empty one: then nothing is newest, which is told below.
	[ -d "$folder" ] || {
		complain "there is no folder $folder: is the storage $storage mounted?"
		return 1
	}
}

# Archives of a guest by their times, the newest first. What a restore has saved first is no backup of the schedule.
archives() {
	find "$folder" -maxdepth 1 -type f -printf '%f\\n' |
		sed -nE "s/^(vzdump-(lxc|qemu)-$1-([0-9]{4}(_[0-9]{2}){2}-[0-9]{2}(_[0-9]{2}){2})\\.(tar|vma)(\\.(zst|gz|lzo|bz2))?)\\$/\\\\3 \\\\1/p" |
		sort -r | cut -d ' ' -f 2 | while IFS= read -r name; do
		if [ -f "$folder/$name.notes" ] && grep -q '^lifeboat save point ' "$folder/$name.notes"; then continue; fi
		printf '%s\\n' "$name"
	done
}

# Archives that lie there as a whole.
there() {
	remote lsf -R --files-only --include '/*/SHA256SUMS' "offsite:$bucket/$prefix/$guest" >"$work/listed"
	listed $?
}

# When an archive of a guest was begun, by this node's own clock, as vzdump has written it into its name: 2026-11-20-01-00-00.
stamps() { sed -nE "s/^vzdump-(lxc|qemu)-$1-([0-9]{4})_([0-9]{2})_([0-9]{2})-([0-9]{2})_([0-9]{2})_([0-9]{2})\\..*\\$/\\2-\\3-\\4-\\5-\\6-\\7/p"; }

# The same in seconds since 1970. Not every such name is a time.
seconds() { date -d "$(printf '%s' "$1" | sed -E 's/^(.{10})-(..)-(..)-(..)$/\\1 \\2:\\3:\\4/')" +%s 2>/dev/null; }

# Whether a copy of the week before an archive is there already. What is of a later time was made by nobody who copies from here.
is_early() {
	begun=$(printf '%s\\n' "$1" | stamps "$2")
	last=$(stamps "$2" <"$work/there" | awk -v begun="$begun" '$0 < begun' | sort | tail -n 1)
	[ -n "$last" ] && last=$(seconds "$last") && begun=$(seconds "$begun") || return 1
	[ $((begun - last)) -lt 601200 ]
}

identity() { stat -c '%i %s %y' "$1"; }

# Of a single file (copyto) rclone replaces what is there, also with --immutable.
send() { remote copy --immutable --checksum --files-from-raw "$work/files" "$1" "$to"; }

copy_archive() {
	name=$1 to=offsite:$bucket/$prefix/$guest/$1
	: >"$work/messages"
	was=$(identity "$folder/$name") || return 0
	: >"$work/SHA256SUMS"
	log_name=\${name%%.tar*}
	log_name=\${log_name%%.vma*}.log
	set -- "$name"
	[ ! -f "$folder/$name.notes" ] || set -- "$@" "$name.notes"
	[ ! -f "$folder/$log_name" ] || set -- "$@" "$log_name"
	for file in "$@"; do
		if ! (cd "$folder" && sha256sum -- "$file") >>"$work/SHA256SUMS" 2>>"$work/messages"; then
			complain "$name cannot be read: $(tail -n 1 "$work/messages")"
			return
		fi
	done
	printf '%s\\n' "$@" >"$work/files"
	if ! send "$folder"; then
		complain "$name cannot be copied: $(because)"
		return
	fi
	# Parts are sent with their sums, which the service compares. What lies there is compared by its size once more.
	size=$(remote lsf --format s --files-only --include "/$name" "$to")
	if [ "$size" != "$(stat -c %s "$folder/$name")" ] || [ "$(identity "$folder/$name")" != "$was" ]; then
		complain "$name has changed while it was copied, or did not arrive as a whole, so that it counts as no copy"
		return
	fi
	echo SHA256SUMS >"$work/files"
	if ! send "$work" || ! remote cat "$to/SHA256SUMS" | cmp -s - "$work/SHA256SUMS"; then
		complain "$name cannot be finished: $(because)"
		return
	fi
	copied=$((copied + 1))
	printf '%s\\n' "$name: copied"
}

copy_guest() {
	guest=$1
	: >"$work/messages"
	newest=$(archives "$2" | head -n 1)
	if [ -z "$newest" ]; then
		complain "$guest has no backup in $folder"
		return
	fi
	if ! there; then
		complain "copies of $guest cannot be listed: $(because)"
		return
	fi
	! grep -qxF -- "$newest" "$work/there" || return 0
	if [ "$3" = weekly ] && is_early "$newest" "$2"; then return 0; fi
	copy_archive "$newest"
}

if find_folder; then
	while read -r name id when; do copy_guest "$name" "$id" "$when" </dev/null; done <"$own/guests"
fi

${runEnd({ what: "archives", name: "archives", state: "$state", log: "$log" })}`;
