import {
  dataFolder,
  environmentFile,
  sandboxLines,
  serverFolder,
  serverUnit,
  serverUser,
  unitFile,
  type ServerSettings,
} from "./server-files";
import { rootShell } from "../install/connection";
import { quote, writeFile } from "../install/shell";

/** Where the program comes from, in the guest. */
export type ServerSource =
  | { readonly url: string }
  /** A file in the guest, copied there before. */
  | { readonly file: string };

/** What an installation is told openly: it stands in the command, where everybody may read it. */
export interface Installation extends ServerSettings {
  readonly source: ServerSource;
  /** SHA-256 of the program, in lower case. */
  readonly sha256: string;
  /** `https://192.0.2.132:9000`: where it has to answer in the end. */
  readonly endpoint: string;
  /** User of the SSH connection. Any other than root needs `sudo` without a password. */
  readonly user: string;
}

/** What goes to the guest over standard input. */
export interface ServerFiles extends ServerSettings {
  /** Secret. */
  readonly root: { readonly accessKey: string; readonly secretKey: string };
  /** Private key of the server (PEM). Secret. */
  readonly key: string;
  /** Certificate of the server (PEM). */
  readonly certificate: string;
  /** Certificate of the authority (PEM). */
  readonly authority: string;
}

/**
 * The command of an installation. The script comes over standard input: this line is all that a process list shows, that
 * Pulumi's difference shows, and that an error quotes.
 */
export function installCommand({ source, sha256, endpoint, user, mount }: Installation): string {
  const from = "url" in source ? `url=${source.url}` : `file=${source.file}`;
  const words = [from, `sha256=${sha256}`, `endpoint=${endpoint}`, `mount=${mount}`].map(quote);
  return `${rootShell({ user })} -- ${words.join(" ")}`;
}

/**
 * The script, with the files in it. It may run any number of times; what is there goes on until the new release is whole,
 * and is gone back to when the new one is not healthy.
 */
export function installScript(files: ServerFiles): string {
  return [
    "set -eu",
    "umask 077",
    `base=${serverFolder} unit=${serverUnit} user=${serverUser} data=${quote(dataFolder(files))}`,
    helpers,
    "write_files() {",
    writeFile("$new/environment", environmentFile(files)),
    writeFile("$new/root-user", `${files.root.accessKey}\n`),
    writeFile("$new/root-password", `${files.root.secretKey}\n`),
    writeFile("$new/certs/private.key", files.key),
    writeFile("$new/certs/public.crt", files.certificate),
    writeFile("$new/authority.pem", files.authority),
    writeFile(`$new/${serverUnit}.service`, unitFile(files)),
    writeFile("$new/sandbox.conf", sandboxLines(files)),
    "}",
    installation,
    // What runs in it must not read on in the script.
    'main "$@" </dev/null',
    "",
  ].join("\n");
}

const helpers = `
say() { printf '%s\\n' "$*" >&2; }
fail() { say "Unable to install the state store's server: $*"; exit 1; }
sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# Sets a link to a release, in one step.
point() {
  rm -f "$base/$1.new"
  ln -s "$2" "$base/$1.new"
  mv -T "$base/$1.new" "$base/$1"
}

probe() {
  url=$endpoint/minio/health/live
  if command -v curl >/dev/null 2>&1; then
    curl --silent --fail --max-time 5 --cacert "$base/current/authority.pem" --output /dev/null "$url"
  else
    wget -q -T 5 -t 1 --ca-certificate="$base/current/authority.pem" -O /dev/null "$url"
  fi 2>/dev/null
}

# Starts what the link leads to, and waits until it is healthy or has died three times.
start() {
  systemctl daemon-reload
  systemctl enable --quiet "$unit.service" 2>/dev/null || return 1
  # Also sets the count of deaths to 0.
  systemctl reset-failed "$unit.service" 2>/dev/null || :
  systemctl restart "$unit.service" || return 1
  left=60
  while [ "$left" -gt 0 ]; do
    if probe; then return 0; fi
    [ "$(systemctl show -p NRestarts --value "$unit.service")" -lt 3 ] || return 1
    left=$((left - 1))
    sleep 1
  done
  return 1
}

# The server's own last words. None of them holds the password, and this makes sure of it.
last_words() {
  journalctl --quiet --unit "$unit.service" --lines 12 --no-pager --output cat 2>/dev/null | grep -F -v -f "$1/root-password" >&2 || :
}

download() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --proto '=http,https' --connect-timeout 20 --retry 2 --output "$1" -- "$url"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$1" -- "$url"
  else
    fail "neither curl nor wget is installed in this guest, and one of them has to load $url"
  fi || fail "$url cannot be loaded; the server that was there goes on"
}

# Takes the program from the release before if it is the wanted one, and otherwise from where it comes.
fetch() {
  if [ -n "$previous" ] && [ "$(sum_of "$base/$previous/server")" = "$sha256" ]; then
    ln "$base/$previous/server" "$new/server"
    return
  fi
  if [ -n "$file" ]; then
    cp -- "$file" "$new/server" || fail "$file has not arrived"
  else
    download "$new/server"
  fi
  found=$(sum_of "$new/server")
  [ "$found" = "$sha256" ] ||
    fail "the program that arrived has the SHA-256 $found, and lifeboat:stateStore.server names $sha256; nothing was changed, and the server that was there goes on"
  chown "root:$user" "$new/server"
  chmod 0750 "$new/server"
  runuser -u "$user" -- "$new/server" --version >/dev/null ||
    fail "the program does not run in this guest (is it for its processor?); the server that was there goes on"
}

# The service's user reads the secrets, and nobody else; the folders are closed to others.
set_owners() {
  chmod 0644 "$new/authority.pem"
  chown "$user:$user" "$new/root-user" "$new/root-password" "$new/certs/private.key" "$new/certs/public.crt"
  chmod 0400 "$new/root-user" "$new/root-password" "$new/certs/private.key" "$new/certs/public.crt"
  chmod 0600 "$new/environment"
  chmod 0644 "$new/$unit.service"
}

# A container without nesting allows no mount namespaces: its service starts with the other restrictions then.
add_sandbox() {
  if systemd-run --quiet --wait --collect -p ProtectSystem=strict -p PrivateTmp=yes -p PrivateDevices=yes \\
    -p ProtectKernelTunables=yes -p ProtectProc=invisible true 2>/dev/null; then
    cat "$new/sandbox.conf" >>"$new/$unit.service"
  else
    say "WARNING: this container allows no mount namespaces, so that the server runs with fewer restrictions; nesting: true in its settings allows them"
  fi
  rm -f "$new/sandbox.conf"
}`;

const installation = `
# The last release that was healthy. \`current\` may be one of an installation that was stopped.
previous_release() {
  previous=$(readlink "$base/proven" 2>/dev/null) || previous=
  [ -z "$previous" ] || [ -f "$base/$previous/server" ] || previous=
}

prepare() {
  [ -d /run/systemd/system ] || fail "this guest has no systemd"
  mountpoint -q "$mount" || fail "$mount is not a mount point in this guest: the data would lie on its root disk"
  id -u "$user" >/dev/null 2>&1 ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
  install -d -m 0755 "$base" "$base/releases"
  previous_release
  # What stopped installations have left.
  for one in "$base"/releases/*; do
    [ "$base/$previous" = "$one" ] || rm -rf "$one"
  done
  release=releases/$(date -u +%Y%m%dT%H%M%SZ)-$$
  new=$base/$release
  trap 'rm -rf "$new"' EXIT
  install -d -m 0750 -g "$user" "$new" "$new/certs"
}

prepare_data() {
  [ -d "$data" ] || install -d -m 0700 -o "$user" -g "$user" "$data"
  # A disk from another container: the user's number may differ there.
  [ "$(stat -c %U "$data")" = "$user" ] || chown -R "$user:$user" "$data"
}

go_back() {
  last_words "$new"
  if [ -n "$previous" ]; then
    point current "$previous"
    if start; then
      fail "the new release was not healthy at $endpoint; the one before runs again. What the server said is above"
    fi
    fail "the new release was not healthy at $endpoint, and neither is the one before, which is back. What the server said is above"
  fi
  systemctl disable --now --quiet "$unit.service" 2>/dev/null || :
  rm -f "$base/current" "$base/proven" "/etc/systemd/system/$unit.service"
  systemctl daemon-reload
  fail "it is not healthy at $endpoint. What the server said is above"
}

main() {
  url= file= sha256= endpoint= mount=
  for pair; do
    case $pair in
    url=*) url=\${pair#url=} ;;
    file=*) file=\${pair#file=} ;;
    sha256=*) sha256=\${pair#sha256=} ;;
    endpoint=*) endpoint=\${pair#endpoint=} ;;
    mount=*) mount=\${pair#mount=} ;;
    esac
  done
  prepare
  write_files
  fetch
  set_owners
  add_sandbox
  prepare_data
  if [ -n "$previous" ] && [ "$(readlink "$base/current")" = "$previous" ] &&
    diff -r "$base/$previous" "$new" >/dev/null 2>&1 && probe; then
    return
  fi
  point current "$release"
  ln -sfn "$base/current/$unit.service" "/etc/systemd/system/$unit.service"
  start || go_back
  point proven "$release"
  trap - EXIT
  [ -z "$previous" ] || rm -rf "\${base:?}/$previous"
  [ -z "$file" ] || rm -f -- "$file"
}`;
