import { quote } from "../install/shell";

/** What the check asks, and where, seen from the guest. */
interface MonitoringServices {
  readonly urls: { readonly prometheus: string; readonly alertmanager: string; readonly grafana: string };
  /** Options of curl for every request, as a file in the guest: an authority, a login. Absent: none. */
  readonly curlOptions?: string | undefined;
  /** Jobs of Prometheus, whose targets all have to be up. */
  readonly jobs: readonly string[];
  /** Names of the alerts that Prometheus has to have. */
  readonly alerts: readonly string[];
  /** Folder in the guest in which the services keep what they know. */
  readonly data: string;
  /** Absent: the site has no Grafana here. */
  readonly grafana?: GrafanaQuestions | undefined;
}

interface GrafanaQuestions {
  /** Uids of the dashboards that it has to have. */
  readonly dashboards: readonly string[];
  /** File in the guest with the password of its user `admin`. */
  readonly passwordFile: string;
}

/**
 * A POSIX shell script that asks Prometheus, Alertmanager and Grafana themselves whether monitoring watches: it ends with 0, or
 * prints what is wrong, one line each, and ends with 1. On success it prints since when there are measurements, as
 * `watching since 1790000000`. Given a time (unix seconds), it takes for reached only what Prometheus has asked after it.
 */
export function checkScript({ urls, curlOptions, jobs, alerts, data, grafana }: MonitoringServices): string {
  return [
    "#!/bin/sh",
    "# Written by Lifeboat: asks the services themselves whether monitoring watches.",
    "set -u",
    "after=${1:-}",
    `prometheus=${quote(urls.prometheus)}`,
    `alertmanager=${quote(urls.alertmanager)}`,
    `options=${quote(curlOptions ?? "/dev/null")}`,
    ...(grafana === undefined
      ? []
      : [
          `grafana=${quote(urls.grafana)}`,
          `password_file=${quote(grafana.passwordFile)}`,
          `dashboards=${quote(grafana.dashboards.join(" "))}`,
        ]),
    `jobs=${quote(jobs.join(" "))}`,
    `alerts=${quote(alerts.join(" "))}`,
    `data=${quote(data)}`,
    helpers,
    prometheusPart,
    ...(grafana === undefined ? [] : [grafanaPart]),
    diskPart,
    ending,
    "",
  ].join("\n");
}

/** Answers are JSON without blanks, except Grafana's health, which is printed for people: blanks are taken out of all. */
const helpers = `
wrong=0
bad() { printf '%s\\n' "$*"; wrong=1; }
# The options of a request come over standard input: a list of processes shows none of them. A proxy of the guest is not asked.
ask() { printf 'url = "%s"\\n%s\\n' "$1" "\${2:-}" | curl --disable --noproxy '*' --silent --show-error --fail --max-time 10 --config "$options" --config - 2>&1; }
packed() { tr -d ' \\n\\t'; }
count() { grep -o -- "$1" | wc -l | tr -d ' '; }`;

const prometheusPart = `
if targets=$(ask "$prometheus/api/v1/targets?state=active"); then
  for job in $jobs; do
    all=$(printf '%s' "$targets" | packed | sed 's/{"discoveredLabels"/\\n&/g' | grep -- "\\"scrapePool\\":\\"$job\\"")
    up=$(printf '%s\\n' "$all" | count '"health":"up"')
    known=$(printf '%s\\n' "$all" | count '"scrapePool":')
    if [ "$known" = 0 ]; then bad "Prometheus has no target of the job $job"
    elif [ "$up" != "$known" ]; then bad "Prometheus reaches $up of $known targets of the job $job"
    elif [ -n "$after" ]; then
      for at in $(printf '%s\\n' "$all" | sed -n 's/.*"lastScrape":"\\([^"]*\\)".*/\\1/p'); do
        [ "$(date -d "$at" +%s 2>/dev/null || echo 0)" -gt "$after" ] ||
          bad "Prometheus has not reached the job $job since it was started"
      done
    fi
  done
else bad "Prometheus does not answer: $targets"
fi
# With a full disk it reaches all its targets and loads its rules, and keeps nothing that rules could see.
if kept=$(ask "$prometheus/api/v1/query?query=up"); then
  for job in $jobs; do
    printf '%s' "$kept" | packed | grep -q -- "\\"job\\":\\"$job\\"" || bad "Prometheus keeps nothing of the job $job"
  done
else bad "Prometheus does not tell what it keeps: $kept"
fi
if rules=$(ask "$prometheus/api/v1/rules?type=alert"); then
  for alert in $alerts; do
    printf '%s' "$rules" | packed | grep -q -- "\\"name\\":\\"$alert\\"" || bad "Prometheus has no rule $alert"
  done
else bad "Prometheus does not tell its rules: $rules"
fi
if others=$(ask "$prometheus/api/v1/alertmanagers"); then
  printf '%s' "$others" | packed | grep -q '"activeAlertmanagers":\\[{' || bad "Prometheus is not connected with Alertmanager"
else bad "Prometheus does not tell its Alertmanagers: $others"
fi
answer=$(ask "$alertmanager/-/ready") || bad "Alertmanager is not ready: $answer"`;

const grafanaPart = `
if health=$(ask "$grafana/api/health"); then
  printf '%s' "$health" | packed | grep -q '"database":"ok"' || bad "Grafana's database is not well"
else bad "Grafana does not answer: $health"
fi
if [ -r "$password_file" ]; then
  user=$(sed 's/["\\\\]/\\\\&/g' "$password_file")
  if found=$(ask "$grafana/api/search?type=dash-db&limit=5000" "user = \\"admin:$user\\""); then
    for uid in $dashboards; do
      printf '%s' "$found" | packed | grep -q -- "\\"uid\\":\\"$uid\\"" || bad "Grafana has no dashboard $uid"
    done
  else bad "Grafana does not tell its dashboards: $found"
  fi
else bad "$password_file cannot be read"
fi`;

/** The last line, which `status` shows: it is the cause of others above. The services are not root, for whom a file system keeps a rest. */
const diskPart = `
left=$(df -P -k "$data" 2>/dev/null | awk 'NR == 2 { print $4 }')
[ -z "$left" ] || [ "$left" -ge 1024 ] || bad "the disk of $data is full, so that nothing is kept: make it larger in the settings, then lifeboat grow"`;

/** The first moment of its data, in milliseconds, is a metric of Prometheus itself. */
const ending = `
[ "$wrong" = 0 ] || exit 1
since=$(ask "$prometheus/metrics" | sed -n 's/^prometheus_tsdb_lowest_timestamp_seconds //p')
case $since in
  '' | *[!0-9.e+]*) echo watching ;;
  *) printf 'watching since %.0f\\n' "$since" ;;
esac`;
