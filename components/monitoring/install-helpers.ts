/** Small verbs of the installation in POSIX shell. */
export const helpers = `
say() { printf '%s\\n' "$*" >&2; }
fail() { say "Unable to install the monitoring: $*"; exit 1; }
sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# Sets a link in one step.
point() {
  rm -f "$1.new"
  ln -s "$2" "$1.new"
  mv -T "$1.new" "$1"
}

# What a release has of a part is what another has. An old one may be gone.
same() { [ -n "$2" ] && diff -r "$base/$1/$2" "$base/$1/$3" >/dev/null 2>&1; }

# Compose 2 is a part of Docker, Compose 1 a program of its own.
compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose --project-name "$project" --file "$base/stack/current/compose.yaml" "$@"
  else
    docker-compose --project-name "$project" --file "$base/stack/current/compose.yaml" "$@"
  fi
}

has_docker() {
  command -v docker >/dev/null 2>&1 && command -v curl >/dev/null 2>&1 &&
    { command -v docker-compose >/dev/null 2>&1 || docker compose version >/dev/null 2>&1; }
}

require_docker() {
  if ! has_docker; then
    command -v apt-get >/dev/null 2>&1 ||
      fail "Docker, Compose or curl is missing in this guest, and it has no apt-get to install them: use a template that has them"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install --yes --no-install-recommends docker.io docker-compose curl ca-certificates iptables; } >"$base/apt.log" 2>&1 || {
      tail -n 5 "$base/apt.log" >&2
      fail "Docker is missing in this guest and cannot be installed: apt-get has failed, see above; install docker.io, docker-compose and curl, or use a template that has them"
    }
  fi
  rm -f "$base/apt.log"
  systemctl enable --quiet docker.service 2>/dev/null || :
  docker info >/dev/null 2>&1 || systemctl start docker.service || :
  docker info >/dev/null 2>&1 || {
    journalctl --quiet --unit docker.service --lines 5 --no-pager --output cat >&2 || :
    fail "Docker does not run in this guest; its last words are above. A container needs nesting: true in its settings"
  }
}

# Nobody else may have written there, and nothing is ever formatted that holds something.
mount_disk() {
  case $disk in
  mounted) mountpoint -q "$data" || fail "$data is not a mount point in this guest: the data would lie on its root disk" ;;
  folder) install -d -m 0755 "$data" ;;
  *)
    [ -b "$disk" ] || fail "this guest has no disk $disk"
    install -d -m 0755 "$data"
    if ! mountpoint -q "$data"; then
      found=0
      blkid -p "$disk" >/dev/null 2>&1 || found=$?
      case $found in
      0) blkid -p -s USAGE -o value "$disk" | grep -qx filesystem || fail "disk $disk holds something that is no file system; nothing was changed" ;;
      2) mkfs.ext4 -q "$disk" || fail "disk $disk cannot get a file system" ;;
      *) fail "what disk $disk holds is not clear; nothing was changed" ;;
      esac
      grep -q "^$disk " /etc/fstab || printf '%s %s auto defaults,nofail 0 2\\n' "$disk" "$data" >>/etc/fstab
      systemctl daemon-reload
      mount "$data" || fail "disk $disk cannot be mounted"
    fi
    ;;
  esac
}

download() {
  curl --fail --silent --show-error --location --proto '=http,https' --connect-timeout 20 --retry 2 --output "$1" -- "$url" ||
    fail "$url cannot be loaded; what was there goes on"
}

# The name is that of the sum: what is there is right.
fetch_node() {
  node=$base/node/$node_sha256
  [ ! -x "$node/bin/node" ] || return 0
  install -d -m 0755 "$base/node"
  rm -rf "$node" "$node.new"
  install -d -m 0755 "$node.new"
  archive=$base/node/archive
  if [ -n "$file" ]; then
    cp -- "$file" "$archive" || fail "$file has not arrived"
  else
    download "$archive"
  fi
  found=$(sum_of "$archive")
  [ "$found" = "$node_sha256" ] || {
    rm -rf "$archive" "$node.new"
    fail "the archive of Node that arrived has the SHA-256 $found, and lifeboat:monitoring.exporter.node names $node_sha256; nothing was changed"
  }
  tar -x -C "$node.new" -f "$archive" --strip-components=1 --no-same-owner --no-same-permissions ||
    fail "the archive of Node cannot be unpacked (a .tar.xz needs xz-utils in the guest); what was there goes on"
  rm -f "$archive"
  chmod -R u+rwX,go+rX "$node.new"
  "$node.new/bin/node" --version >/dev/null || fail "Node does not run in this guest (is it for its processor?); what was there goes on"
  mv -T "$node.new" "$node"
}

# The release before may have the wanted one; what was copied is gone after an installation.
fetch_program() {
  target=$base/exporter/$release/lifeboat.cjs
  if [ -n "$previous" ] && [ -f "$base/exporter/$previous/lifeboat.cjs" ] &&
    [ "$(sum_of "$base/exporter/$previous/lifeboat.cjs")" = "$program_sha256" ]; then
    ln "$base/exporter/$previous/lifeboat.cjs" "$target"
  else
    cp -- "$program" "$target" || fail "$program has not arrived"
  fi
  [ "$(sum_of "$target")" = "$program_sha256" ] || fail "$program is not what was sent; nothing was changed"
  chmod 0644 "$target"
}

# Before anything is changed: a registry that does not answer stops nothing that runs.
fetch_images() {
  for image; do
    docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" >/dev/null ||
      fail "the image $image cannot be had; what was there goes on"
  done
}`;
