/** What the programs that copy elsewhere have alike: pieces of POSIX shell, and of the scripts that install them. */

/** How every such program begins, whoever starts it. */
export const shellFrame = `set -u
umask 077
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH`;

/**
 * How long rclone tries. Needs `patience` and `bandwidth` of the settings.
 *
 * @param tries of one request
 */
export function transferLimits(tries: number): string {
  return `# A service that is down is down: the timer tries again, and nobody waits for hours. One that answers slowly, and never ends,
# is given up after $patience.
export RCLONE_CONTIMEOUT=15s RCLONE_TIMEOUT=2m RCLONE_RETRIES=2 RCLONE_LOW_LEVEL_RETRIES=${String(tries)}
[ -z "$bandwidth" ] || export RCLONE_BWLIMIT="\${bandwidth}B"`;
}

/** rclone with its messages kept, and what is told of a failure. Needs the folder `work`. */
export const rcloneFunctions = `# It wants a place for a cache that it does not need.
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

# FILE TEXT: whole or not at all. Where there is no room for it, what was there stays.
replace() {
	new=\${1%/*}/.new
	printf '%s\\n' "$2" >"$new" && mv "$new" "$1" && return
	rm -f "$new"
	echo "$1 cannot be written" >&2
	return 1
}

# Names of what was listed as a whole. That there is no such folder is no error; everything else is.
listed() {
	case $1 in
	0 | 3) sed 's:/SHA256SUMS$::' "$work/listed" >"$work/there" ;;
	*) return 1 ;;
	esac
}`;

/** Where a run tells how it ended: in folders that are there. */
interface RunEnd {
  /** `dumps`, `archives` */
  readonly what: string;
  /** Its name in the log. */
  readonly name: string;
  /** Folder of its status, as the shell reads it between double quotes. */
  readonly state: string;
  /** Its log, read in the same way. */
  readonly log: string;
}

/** The end of a program: its status, a line of its log, and its exit code. */
export function runEnd({ what, name, state, log }: RunEnd): string {
  return `message="$copied ${what} copied"
[ -z "$failed" ] || message=$(printf '%s' "$problem" | tr '\\000-\\037\\042\\134\\177' ' ')
result=success
[ -z "$failed" ] || result=error
replace "${state}/status.json" "$(printf '{"version":1,"result":"%s","time":%s,"message":"%s"}' "$result" "$(date +%s)" "$message")" || failed=yes
word=SUCCESS
[ -z "$failed" ] || word=ERROR
printf '%s %s ${name}: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$word" "$message" >>"${log}"
[ -z "$failed" ]
`;
}

/** Lines that install rclone where it is missing. @param where of the message: `on this node` */
export function requireRclone(where: string): string[] {
  return [
    "if ! command -v rclone >/dev/null 2>&1; then",
    "  export DEBIAN_FRONTEND=noninteractive",
    "  { apt-get update && apt-get install --yes --no-install-recommends rclone; } >&2 || {",
    `    echo 'rclone is missing ${where} and cannot be installed: install the package rclone' >&2`,
    "    exit 1",
    "  }",
    "fi",
  ];
}

/** Once an hour: what a service missed while it was down is made up for soon. Without news it only lists. */
export function hourlyTimer(description: string): string {
  return `[Unit]
Description=${description}

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10m
Persistent=true

[Install]
WantedBy=timers.target
`;
}
