#!/bin/sh
# Copies the state of every environment from the store to the offsite service. Nothing is ever removed there, and no
# state is replaced by an older one. Written by Lifeboat: changes to this file are overwritten.
set -u
umask 077

work=${RUNTIME_DIRECTORY:?is set by systemd}
export RCLONE_CONFIG=/tmp/lifeboat/copies-try/rclone.conf
# It wants a place for a cache that it does not need.
export HOME="$work"
failed=

say() { printf '%s\n' "$*"; }
complain() { say "$*" >&2; failed=yes; }

# An interrupted write leaves a part of a text, or of a compressed file.
is_whole() {
	case $1 in
	*.gz) gzip -t "$1" ;;
	*.zst) ! command -v zstd >/dev/null 2>&1 || zstd -tq "$1" ;;
	*) [ "$(head -c 1 "$1")" = '{' ] && [ "$(tail -c 16 "$1" | tr -d ' \n' | tail -c 1)" = '}' ] ;;
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

# What says, beside the copy, what it is: its last line is whether an update was at work.
marker() {
	file=$2
	printf '{"version":1,"project":"site","environment":"%s","time":"%s","by":"timer","from":"%s",' \
		"$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "s3://$3"
	printf '"checkpoint":{"object":".pulumi/stacks/site/%s","size":%s,"sha256":"%s","modified":"%s"},' \
		"${file##*/}" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)" \
		"$(date -u -r "$file" +%Y-%m-%dT%H:%M:%SZ)"
	printf '"duringUpdate":%s}\n' "$4"
}

copy_environment() {
	environment=$1
	source=store:$2
	target=offsite:offsite/$environment
	stage=$work/$environment
	rm -rf "$stage"
	locks=$(rclone lsf -R --files-only "$source/.pulumi/locks" 2>/dev/null | wc -l)
	# History and saved points never change: what is there is never written again.
	rclone copy --quiet --ignore-existing --include '/.pulumi/meta.yaml' --include '/.pulumi/history/site/**' \
		--include '/.lifeboat/**' "$source" "$target" || return 1
	rclone copy --quiet --include "/$environment.json" --include "/$environment.json.gz" \
		--include "/$environment.json.zst" --include "/$environment.json*.pulumi-tags" \
		"$source/.pulumi/stacks/site" "$stage" || return 1
	state=$(newest_state "$environment")
	if [ -z "$state" ]; then
		say "$environment: has no state in $source"
		return 0
	fi
	if ! is_whole "$state"; then
		say "$environment: its state in $source is damaged; the copy of it stays as it was"
		return 1
	fi
	rclone copy --quiet --update "$stage" "$target/.pulumi/stacks/site" || return 1
	# Reads back what was written.
	if ! rclone check --quiet --one-way --download "$stage" "$target/.pulumi/stacks/site"; then
		say "$environment: the copy differs from the state in $source; a newer one is there, or it was damaged on its way"
		return 1
	fi
	during=false
	[ "$locks" -eq 0 ] || during=true
	marker "$environment" "$state" "$2" "$during" >"$work/marker" || return 1
	rclone copyto --quiet --ignore-times "$work/marker" "$target/lifeboat-copy.json" || return 1
	say "$environment: copied"
}

if ! rclone lsd --quiet offsite:offsite >/dev/null 2>&1; then
	rclone mkdir offsite:offsite || complain "the bucket offsite is not there and cannot be made"
fi
# Where the key may not decide this, whoever made the bucket has.
versioning=$(rclone backend versioning offsite:offsite Enabled 2>/dev/null) || versioning=
[ "$versioning" = Enabled ] || say "old versions of what is copied are perhaps not kept in offsite: versioning cannot be switched on"

copy_environment prod lifeboat-state-prod || complain "prod: NOT copied"
copy_environment lab lifeboat-state-lab || complain "lab: NOT copied"
[ -z "$failed" ]
