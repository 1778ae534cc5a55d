/**
 * What the store's container needs to copy the state of all environments to another S3 service by itself: texts only, no
 * Pulumi. Guests have no Node, so that this is POSIX shell around Debian's `rclone`.
 */
import { offsitePlaces } from "../../site/state-store/offsite-removal";

const { unit: offsiteUnit, folder, programFolder, program } = offsitePlaces;

/** An environment whose state is copied. */
export interface CopiedEnvironment {
  readonly name: string;
  /** Its bucket in the store. */
  readonly bucket: string;
}

export interface OffsiteTimerSettings {
  /** The project's name in `Pulumi.yaml`. */
  readonly project: string;
  /** Environments whose states are copied. */
  readonly environments: readonly CopiedEnvironment[];
  /** Bucket of the other service; a folder for each environment is made in it. */
  readonly bucket: string;
  /** When, as a calendar event of Proxmox: `04:15`. The container's time zone. */
  readonly schedule: string;
  /** PEM texts of the authorities that the two services are trusted by, besides those of the system. */
  readonly authorities: readonly string[];
}

/** One of the two S3 services. */
export interface Remote {
  /** `https://host:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The two services of a copy. */
export interface Remotes {
  readonly store: Remote;
  readonly offsite: Remote;
}

/** Configuration of rclone: the one file with secrets, readable by the copier's user alone. */
function rcloneConfiguration({ store, offsite }: Remotes): string {
  return [...remoteLines("store", store), "", ...remoteLines("offsite", offsite)].join("\n");
}

function remoteLines(name: string, { endpoint, region, accessKey, secretKey }: Remote): string[] {
  return [
    `[${name}]`,
    "type = s3",
    "provider = Minio",
    `endpoint = ${endpoint}`,
    `region = ${region}`,
    `access_key_id = ${accessKey}`,
    `secret_access_key = ${secretKey}`,
    "force_path_style = true",
    // Neither key has to be allowed to make buckets each time that something is written.
    "no_check_bucket = true",
  ];
}

/**
 * A shell script that installs, or brings up to date, the copier and its timer. It may be run any number of times. It holds
 * secrets: it goes to the container over standard input.
 */
export function installScript(settings: OffsiteTimerSettings, remotes: Remotes): string {
  const files = [
    { path: program, mode: "0755", text: copyScript(settings) },
    { path: `/etc/systemd/system/${offsiteUnit}.service`, mode: "0644", text: serviceUnit() },
    { path: `/etc/systemd/system/${offsiteUnit}.timer`, mode: "0644", text: timerUnit(settings) },
    ...settings.authorities.map((text, index) => ({
      path: `${folder}/trust/${String(index)}.pem`,
      mode: "0644",
      text,
    })),
    { path: `${folder}/rclone.conf`, mode: "0600", owner: offsiteUnit, text: rcloneConfiguration(remotes) },
  ];
  return [
    "set -eu",
    "umask 077",
    ...requireRclone,
    `id -u ${offsiteUnit} >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${offsiteUnit}`,
    `rm -rf ${folder}/trust`,
    `install -d -m 0755 ${folder} ${folder}/trust ${programFolder}`,
    ...files.flatMap(writeFileLines),
    "systemctl daemon-reload",
    `systemctl enable ${offsiteUnit}.timer`,
    // Started before with another schedule, it would go on by that.
    `systemctl restart ${offsiteUnit}.timer`,
    "",
  ].join("\n");
}

const requireRclone = [
  "if ! command -v rclone >/dev/null 2>&1; then",
  "  export DEBIAN_FRONTEND=noninteractive",
  "  { apt-get update && apt-get install --yes --no-install-recommends rclone; } >&2 || {",
  "    echo 'rclone is missing in this container and cannot be installed: install the package rclone, or use a template that has it' >&2",
  "    exit 1",
  "  }",
  "fi",
];

/** The end of a text in the installation; no line of a text may be this. */
const endOfText = "end-of-lifeboat-file";

interface WrittenFile {
  readonly path: string;
  readonly mode: string;
  /** Default: root. */
  readonly owner?: string;
  readonly text: string;
}

/** A file appears whole or not at all, and nobody else can read it for a moment. */
function writeFileLines({ path, mode, owner, text }: WrittenFile): string[] {
  return [
    `cat >${path}.new <<'${endOfText}'`,
    text.trimEnd(),
    endOfText,
    ...(owner === undefined ? [] : [`chown ${owner}: ${path}.new`]),
    `chmod ${mode} ${path}.new`,
    `mv ${path}.new ${path}`,
  ];
}

/** The service that copies once. Only restrictions that an unprivileged container allows: none that needs mounts. */
export function serviceUnit(): string {
  return `[Unit]
Description=Copies the state of all environments to the offsite service
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=${offsiteUnit}
ExecStart=${program}
# What is in work lies in memory, for the copier alone, and is gone afterwards.
RuntimeDirectory=${offsiteUnit}
RuntimeDirectoryMode=0700
# Go reads every certificate in these folders.
Environment=SSL_CERT_DIR=${folder}/trust:/etc/ssl/certs
TimeoutStartSec=1h
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
UMask=0077
`;
}

function timerUnit({ schedule }: OffsiteTimerSettings): string {
  return `[Unit]
Description=Copies the state of all environments to the offsite service

[Timer]
OnCalendar=${systemdCalendar(schedule)}
# What was missed while the container was off is made up for at its start.
Persistent=true

[Install]
WantedBy=timers.target
`;
}

/**
 * A calendar event of Proxmox as systemd writes it. They differ where no hour is named, which in Proxmox means every hour,
 * and in a star before a repetition.
 */
export function systemdCalendar(event: string): string {
  const words = event.trim().split(/\s+/u);
  const time = words.at(-1) ?? "";
  if (!/^[\d*][\d*,./:]*$/u.test(time)) return words.join(" ");
  const [hours, minutes] = time.includes(":") ? time.split(":", 2) : ["*", time];
  const repeated = [hours, minutes].map((part) => (part ?? "").replace(/^\*\//u, "0/"));
  return [...words.slice(0, -1), repeated.join(":")].join(" ");
}

/** Copies every environment, goes on past one that fails, and fails at the end if one did. */
export function copyScript({ project, environments, bucket }: OffsiteTimerSettings): string {
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
