/** The course of the installation in POSIX shell, with the small verbs of `install-helpers.ts`. */
export const installation = `
prepare() {
  [ -d /run/systemd/system ] || fail "this guest has no systemd"
  install -d -m 0755 "$base"
  for part in $all; do install -d -m 0755 "$base/$part"; done
  # The last release whose services all watched. \`current\` may be one of an installation that was stopped.
  previous=$(readlink "$base/stack/proven" 2>/dev/null) || previous=
  [ -z "$previous" ] || [ -f "$base/stack/$previous/compose.yaml" ] || previous=
  remove_releases "$previous"
  release=$(date -u +%Y%m%dT%H%M%SZ)-$$
  trap 'remove_releases "$previous"' EXIT
  for part in $all; do install -d -m 0755 "$base/$part/$release"; done
  chmod 0700 "$base/stack/$release"
}

# Those of other installations. A service that the settings do not have any more leaves its folder empty.
remove_releases() {
  for part in stack exporter prometheus alertmanager grafana; do
    for one in "$base/$part"/*; do
      [ ! -d "$one" ] || [ -L "$one" ] || [ "$one" = "$base/$part/$1" ] || rm -rf "$one"
    done
  done
}

prepare_data() {
  for service in $services; do
    id=$(id_of "$service")
    getent passwd "$id" >/dev/null ||
      useradd --system --uid "$id" --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "lifeboat-$service" 2>/dev/null ||
      fail "the user lifeboat-$service cannot be made"
    [ -d "$data/$service" ] || install -d -m 0700 -o "$id" -g "$id" "$data/$service"
    [ "$(stat -c %u "$data/$service")" = "$id" ] || chown -R "$id:$id" "$data/$service"
  done
  # Docker starts the services with the guest, and without its disk they would begin anew on the root disk.
  install -d -m 0755 /etc/systemd/system/docker.service.d
  printf '[Unit]\\nRequiresMountsFor=%s\\n' "$data" >/etc/systemd/system/docker.service.d/lifeboat-monitoring.conf
}

id_and_start() { docker inspect --format '{{.Id}} {{.State.StartedAt}}' "$project-$1" 2>/dev/null || :; }

# Value of a metric of a service about itself, as a whole number.
metric() { curl --disable --noproxy '*' --silent --max-time 5 "$1/metrics" | awk -v name="$2" '$1 == name { printf "%.0f", $2 }'; }

# Has a service read its file again, and says whether it took it.
reload() {
  before=$(date +%s)
  docker kill --signal HUP "$project-$1" >/dev/null || return 1
  left=20
  while [ "$left" -gt 0 ]; do
    sleep 1
    left=$((left - 1))
    done_at=$(metric "$2" "$1_config_last_reload_success_timestamp_seconds")
    [ "$(metric "$2" "$1_config_last_reload_successful")" != 0 ] || return 1
    [ "\${done_at:-0}" -lt "$before" ] || return 0
  done
  return 1
}

# Starts what the links lead to, beginning from another release, and waits until all of it watches. What did not change goes on.
start() {
  started=
  for part in $all; do
    [ ! -d "$base/$part/$1" ] || point "$base/$part/current" "$1"
  done
  was_prometheus=$(id_and_start prometheus) was_alertmanager=$(id_and_start alertmanager) was_grafana=$(id_and_start grafana)
  compose up --detach --remove-orphans >"$base/compose.log" 2>&1 || return 1
  if ! same prometheus "$2" "$1" && [ "$was_prometheus" = "$(id_and_start prometheus)" ]; then
    reload prometheus "$prometheus_url" || return 1
  fi
  if ! same alertmanager "$2" "$1" && [ "$was_alertmanager" = "$(id_and_start alertmanager)" ]; then
    reload alertmanager "$alertmanager_url" || return 1
  fi
  # It reads dashboards by itself, and everything else at its start.
  case " $services " in *" grafana "*)
    if ! diff -r -x dashboards "$base/grafana/$2" "$base/grafana/$1" >/dev/null 2>&1 &&
      [ "$was_grafana" = "$(id_and_start grafana)" ]; then
      docker restart --time 20 "$project-grafana" >/dev/null || return 1
    fi
    ;;
  esac
  ln -sfn "$base/stack/current/$exporter.service" "/etc/systemd/system/$exporter.service"
  install -d -m 0755 "\${check%/*}"
  ln -sfn "$base/stack/current/check" "$check"
  systemctl daemon-reload
  systemctl enable --quiet "$exporter.service" 2>/dev/null || return 1
  if ! same exporter "$2" "$1" || ! cmp -s "$base/stack/$2/$exporter.service" "$base/stack/$1/$exporter.service" ||
    ! systemctl is-active --quiet "$exporter.service"; then
    systemctl reset-failed "$exporter.service" 2>/dev/null || :
    systemctl restart "$exporter.service" || return 1
    # Until Prometheus asks it the first time, it has the last answer of the one before.
    started=$(date +%s)
  fi
  watches "$started"
}

# Grafana takes its password from the file only when its data are new.
set_password() {
  password=$base/grafana/current/admin-password
  [ -f "$password" ] || return 0
  docker exec --interactive "$project-grafana" sh -c 'cd /usr/share/grafana 2>/dev/null; if command -v grafana >/dev/null; then exec grafana cli admin reset-admin-password --password-from-stdin; else exec grafana-cli admin reset-admin-password --password-from-stdin; fi' <"$password" >/dev/null 2>&1 || :
}

watches() {
  left=$((patience / 2))
  while [ "$left" -gt 0 ]; do
    if trouble=$(sh "$check" "$1" 2>&1); then return 0; fi
    case $trouble in *401*) set_password ;; esac
    left=$((left - 1))
    sleep 2
  done
  return 1
}

# What the services said themselves. None of it holds a secret, and this makes sure of it.
last_words() {
  {
    cat "$base/compose.log" 2>/dev/null || :
    for service in $services; do docker logs --tail 8 "$project-$service" 2>&1 || :; done
    journalctl --quiet --unit "$exporter.service" --lines 8 --no-pager --output cat 2>/dev/null || :
    [ -z "\${trouble:-}" ] || printf '%s\\n' "$trouble"
  } | grep -F -v -f "$base/stack/$release/secrets" >&2 || :
}

go_back() {
  last_words
  why=\${trouble:-its services do not start}
  why=$(printf '%s\\n' "$why" | tail -n 1 | grep -F -v -f "$base/stack/$release/secrets") || why="its services do not watch"
  if [ -n "$previous" ]; then
    trouble=
    if start "$previous" "$release"; then
      fail "the new release does not watch: $why; the one before runs again. What the services said is above"
    fi
    fail "the new release does not watch: $why; neither does the one before, which is back. What the services said is above"
  fi
  compose down >/dev/null 2>&1 || :
  systemctl disable --now --quiet "$exporter.service" 2>/dev/null || :
  rm -f "/etc/systemd/system/$exporter.service" "$check"
  for part in $all; do rm -f "$base/$part/current"; done
  systemctl daemon-reload
  fail "it does not watch: $why. What the services said is above"
}

main() {
  url= file= data= disk= node_sha256= program= program_sha256= images=
  for pair; do
    case $pair in
    url=*) url=\${pair#url=} ;;
    file=*) file=\${pair#file=} ;;
    data=*) data=\${pair#data=} ;;
    disk=*) disk=\${pair#disk=} ;;
    node-sha256=*) node_sha256=\${pair#node-sha256=} ;;
    program=*) program=\${pair#program=} ;;
    program-sha256=*) program_sha256=\${pair#program-sha256=} ;;
    *@sha256:*) images="$images \${pair#*=}" ;;
    esac
  done
  prepare
  mount_disk
  require_docker
  trust_registry
  write_files
  fetch_node
  fetch_program
  # shellcheck disable=SC2086
  fetch_images $images
  prepare_data
  start "$release" "$previous" || go_back
  point "$base/stack/proven" "$release"
  previous=$release
  rm -f "$base/compose.log"
  for one in "$base"/node/*; do [ "$one" = "$node" ] || rm -rf "$one"; done
  [ -z "$file" ] || rm -f -- "$file"
  rm -f -- "$program"
}`;
