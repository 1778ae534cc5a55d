/**
 * `lifeboat-data`, the program that dumps and hands out a guest's data: POSIX shell, because guests have no Node. This is its frame;
 * each kind is a part of its own (`postgres.ts` is the example) with these functions:
 *
 * | function                  | does                                                                                     |
 * | ------------------------- | ---------------------------------------------------------------------------------------- |
 * | `KIND_ready`              | sees that the source can be read, and prints what serves it (`PostgreSQL 15.20`)         |
 * | `KIND_items`              | prints a line `TYPE NAME` for each item                                                  |
 * | `KIND_dump TYPE NAME`     | prints the item                                                                          |
 * | `KIND_prove TYPE NAME F`  | restores it from `open_item F` into something of its own; prints lines `WHAT COUNT`      |
 * | `KIND_clear`              | removes what its proofs have left, and nothing that it has not made                      |
 * | `KIND_load TYPE NAME`     | makes `NAME` of an item that comes over standard input; refuses one that is there        |
 * | `KIND_drop_copy NAME`     | removes what `load` has made, by its mark                                                |
 *
 * All of it runs under `set -e`. A function must not be called where its failure is looked at (`if`, `||`, `&&`): the shell would
 * go on behind a failure inside of it.
 */
import { placesOf } from "../../../site/data/places";

const { settings, state, log } = placesOf("$source");

export const frame = `#!/bin/sh
# shellcheck disable=SC1090,SC1091,SC2034,SC2154
# Dumps, lists, hands out and loads data of this guest. Written by Lifeboat: changes to this file are overwritten.
set -eu
umask 077
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
program=\${0%/*}

usage() {
	cat >&2 <<'end'
usage: lifeboat-data VERB SOURCE …
  run SOURCE [--accept]        makes a dump; --accept: also one that is smaller than it should be
  list SOURCE                  manifests of all whole dumps, one JSON a line
  check SOURCE DUMP            reads a dump and compares its checksums
  verify SOURCE DUMP           reads it to its end, what is in it too, and says whether it is whole
  broken SOURCE                names of what was a dump, and has lost a part
  fetch SOURCE DUMP FILE       prints a file of a dump as it lies there
  load SOURCE TYPE NAME        makes NAME of an item that comes over standard input, decrypted and decompressed
  drop-copy SOURCE NAME        removes what load has made
  drill SOURCE TYPE NAME SUM QUESTION [DUMP FILE]
                               restores an item into a throw-away, and says what is in it; without a file it comes as load's does,
                               compressed
  drilled SOURCE DUMP true|false WHY
                               keeps what a drill has found
  status SOURCE                the last run, the newest dump, and the last drill
verbs of a restore, which lifeboat calls in their order:
  look, room, copy, receive, drop, keep, save-points, forget, released, exchange, put-back, release
end
	exit 2
}

# For a command that fails: what cannot be done, and why. A run has an ERROR line of it.
fail() {
	cause=$1
	# A run's messages go to its log, also from a part of it that has a process of its own.
	if [ -n "$running" ]; then printf '%s\\n' "$1" >&2; else printf 'Unable to %s: %s\\n' "$doing" "$1" >&2; fi
	exit 1
}

# JSON of a text: what a message has of control characters is a space.
json() {
	printf '"%s"' "$(printf '%s' "$1" | tr '\\000-\\037\\177' ' ' | sed 's/\\\\/\\\\\\\\/g; s/"/\\\\"/g')"
}

running=
# Asked of what a proof has restored.
query=
doing='read the settings'
verb=\${1:-}
source=\${2:-}
case $source in
'' | *[!a-z0-9-]* | [!a-z]*) usage ;;
esac
settings=${settings}
state=${state}
log=${log}
[ -f "$settings/settings" ] || fail "$source is no source of data of this guest"
# Written by Lifeboat, every value quoted.
. "$settings/settings"
case $kind in
postgres | mariadb | files | command) . "$program/$kind" ;;
*) fail "no such kind: $kind" ;;
esac
. "$program/dumps"
shift 2

case $verb in
run)
	. "$program/retention"
	. "$program/run"
	run_source "$@"
	;;
list) list_dumps ;;
check) check_dump "\${1:?}" ;;
verify | broken)
	. "$program/verify"
	if [ "$verb" = broken ]; then broken_dumps; else verify_dump "\${1:?}"; fi
	;;
fetch) fetch_file "\${1:?}" "\${2:?}" ;;
load)
	doing="load $1 into $2"
	"\${kind}_load" "\${1:?}" "\${2:?}"
	;;
drill | drilled)
	. "$program/drill"
	if [ "$verb" = drill ]; then drill_item "$@"; else record_drill "\${1:?}" "\${2:?}" "\${3-}"; fi
	;;
drop-copy)
	doing="remove the copy $1"
	"\${kind}_drop_copy" "\${1:?}"
	;;
status) print_status ;;
look | room | copy | receive | drop | keep | save-points | forget | released | exchange | put-back | release)
	. "$program/restore"
	restore_verb "$@"
	;;
*) usage ;;
esac
`;
