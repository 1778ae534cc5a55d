/** What the timer in the store's container runs: POSIX shell around Debian's `rclone`, because guests have no Node. */
import { offsitePlaces } from "../../site/state-store/offsite-removal";

const { folder } = offsitePlaces;

/** An environment whose state is copied. */
interface CopiedEnvironment {
  readonly name: string;
  /** Its bucket in the store. */
  readonly bucket: string;
}

/** What is copied, and where to. */
export interface Copied {
  /** The project's name in `Pulumi.yaml`. */
  readonly project: string;
  /** Environments whose states are copied. */
  readonly environments: readonly CopiedEnvironment[];
  /** Bucket of the other service; a folder for each environment is made in it. */
  readonly bucket: string;
}

/** Copies every environment, goes on past one that fails, and fails at the end if one did. */
export function copyScript({ project, environments, bucket }: Copied): string {
  return `#!/bin/sh
# Copies the state of every environment from the store to the offsite service. Nothing is ever removed there, and no
# state is replaced by an older one. Written by Lifeboat: changes to this file are overwritten.
set -u
umask 077

work=\${RUNTIME_DIRECTORY:?is set by systemd}
export RCLONE_CONFIG=${folder}/rclone.conf
# A service that is down is down: the timer tries again, and nobody waits for hours.
export RCLONE_CONTIMEOUT=15s RCLONE_TIMEOUT=2m RCLONE_RETRIES=2 RCLONE_LOW_LEVEL_RETRIES=2
# It wants a place for a cache that it does not need.
export HOME="$work"
failed=

say() { printf '%s\\n' "$*"; }
complain() { say "$*" >&2; failed=yes; }

# An interrupted write leaves a part of a text, or of a compressed file.
is_whole() {
	case $1 in
	*.gz) gzip -t "$1" ;;
	*.zst) ! command -v zstd >/dev/null 2>&1 || zstd -tq "$1" ;;
	*) [ "$(head -c 1 "$1")" = '{' ] && [ "$(tail -c 16 "$1" | tr -d ' \\n' | tail -c 1)" = '}' ] ;;
	esac
}

# The newest of the forms in which Pulumi may have left it.
newest_state() {
	newest=
	for file in "$stage/$1.json" "$stage/$1.json.gz" "$stage/$1.json.zst"; do
		[ -f "$file" ] || continue
		if [ -z "$newest" ] || [ "$(stat -c %Y "$file")" -gt "$(stat -c %Y "$newest")" ]; then newest=$file; fi
	done
	printf '%s' "$newest"
}

# The number of the newest update in the history of a copy; nothing where there is none, or nobody knows.
newest_entry() {
	rclone lsf --files-only "$1/.pulumi/history/${project}/$2" 2>/dev/null |
		sed -n 's/^.*-\\([0-9][0-9]*\\)\\.[a-z]*\\.json.*$/\\1/p' | sort -n | tail -n 1
}

# What says, beside the copy, what it is: its last line is whether an update was at work.
marker() {
	file=$2
	printf '{"version":1,"project":"${project}","environment":"%s","time":"%s","by":"timer","from":"%s",' \\
		"$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "s3://$3"
	printf '"checkpoint":{"object":".pulumi/stacks/${project}/%s","size":%s,"sha256":"%s","modified":"%s"},' \\
		"\${file##*/}" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)" \\
		"$(date -u -r "$file" +%Y-%m-%dT%H:%M:%SZ)"
	[ -z "$5" ] || printf '"newest":"%s",' "$5"
	printf '"duringUpdate":%s}\\n' "$4"
}

# History and saved points never change: what is there is never written again, and what differs is told. One that cannot
# be copied keeps nothing else from it.
copy_history() {
	whole=0
	rclone copy --quiet --ignore-existing --include '/.pulumi/meta.yaml' --include '/.pulumi/history/${project}/**' \\
		--include '/.lifeboat/**' "$1" "$2" || whole=1
	rclone check --quiet --one-way --differ "$work/differing" --missing-on-dst "$work/missing" --error "$work/unread" \\
		--include '/.pulumi/history/${project}/**' --include '/.lifeboat/**' "$1" "$2" || whole=1
	tell 'differs from that in the store; one of both is damaged, and both stay as they are' "$work/differing"
	tell 'is not in the copy' "$work/missing"
	tell 'could not be compared' "$work/unread"
	return "$whole"
}

# A line for each name in a list.
tell() {
	[ -f "$2" ] || return 0
	while read -r name; do say "$environment: $name $1" >&2; done <"$2"
}

# The state in all of its forms. The store's own time counts, and not one that whoever wrote the object names in it.
fetch_state() {
	rclone copy --quiet $1 --include "/$environment.json" --include "/$environment.json.gz" \\
		--include "/$environment.json.zst" --include "/$environment.pulumi-tags" "$2/.pulumi/stacks/${project}" "$3"
}

# A time to come orders nothing: it was forged, or a clock was set back.
is_early() { [ "$(stat -c %Y "$1")" -gt $(($(date +%s) + 60)) ]; }

# An older state replaces no newer one. Where a time cannot be believed, both are kept: the copy's goes beside it, and what
# takes its place counts as older than any that comes.
put_state() {
	had=$work/had
	rm -rf "$had"
	fetch_state '' "$target" "$had" || return 1
	for file in "$stage"/*; do
		name=\${file##*/}
		old=$had/$name
		doubt=
		if is_early "$file"; then
			say "$environment: $name in $source is dated $(date -u -r "$file" +%Y-%m-%d), later than the clock" >&2
			touch -d @0 "$file"
			doubt=yes
			whole=1
		fi
		if [ -f "$old" ]; then
			! cmp -s "$file" "$old" || continue
			! is_early "$old" || doubt=yes
			[ -n "$doubt" ] || [ "$(stat -c %Y "$old")" -le "$(stat -c %Y "$file")" ] || continue
			[ -z "$doubt" ] || put_beside || return 1
		fi
		rclone copyto --quiet --ignore-times "$file" "$target/.pulumi/stacks/${project}/$name" || return 1
	done
}

put_beside() {
	sum=$(sha256sum "$old" | cut -d ' ' -f 1)
	rclone copyto --quiet --ignore-existing "$old" \\
		"$target/.lifeboat/differing/$sum/.pulumi/stacks/${project}/$name" || return 1
	say "$environment: what the copy had of $name is kept as .lifeboat/differing/$sum" >&2
}

copy_environment() {
	environment=$1
	source=store:$2
	target=offsite:${bucket}/$environment
	stage=$work/$environment
	rm -rf "$stage"
	locks=$(rclone lsf -R --files-only "$source/.pulumi/locks" 2>/dev/null | wc -l)
	copy_history "$source" "$target"
	whole=$?
	last=$(newest_entry "$target" "$environment")
	fetch_state --use-server-modtime "$source" "$stage" || return 1
	state=$(newest_state "$environment")
	if [ -z "$state" ]; then
		say "$environment: has no state in $source"
		return "$whole"
	fi
	if ! is_whole "$state"; then
		say "$environment: its state in $source is damaged; the copy of it stays as it was"
		return 1
	fi
	put_state || return 1
	# Reads back what was written.
	if ! rclone check --quiet --one-way --download "$stage" "$target/.pulumi/stacks/${project}"; then
		say "$environment: the copy differs from the state in $source; a newer one is there, or it was damaged on its way"
		return 1
	fi
	during=false
	[ "$locks" -eq 0 ] || during=true
	marker "$environment" "$state" "$2" "$during" "$last" >"$work/marker" || return 1
	rclone copyto --quiet --ignore-times "$work/marker" "$target/lifeboat-copy.json" || return 1
	[ "$whole" -eq 0 ] || return 1
	say "$environment: copied"
}

if ! rclone lsd --quiet offsite:${bucket} >/dev/null 2>&1; then
	if ! rclone mkdir --s3-no-check-bucket=false offsite:${bucket}; then
		say 'the bucket ${bucket} cannot be reached or made; nothing was copied' >&2
		exit 1
	fi
fi
# Where the key may not decide this, whoever made the bucket has.
versioning=$(rclone backend versioning offsite:${bucket} Enabled 2>/dev/null) ||
	versioning=$(rclone backend versioning offsite:${bucket} 2>/dev/null) || versioning=
[ "$versioning" = Enabled ] || say "old versions of what is copied are perhaps not kept in ${bucket}: versioning cannot be switched on"

${environments.map(({ name, bucket: source }) => `copy_environment ${name} ${source} || complain "${name}: NOT copied as a whole"`).join("\n")}
[ -z "$failed" ]
`;
}
