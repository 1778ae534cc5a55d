/** What a guest runs to tell the exporter how its dumps are: POSIX shell, because guests have no Node. */
import { offsiteGuestPlaces as offsite } from "../../../site/data/offsite-places";
import { dataProgram } from "../../../site/data/places";
import { reportPlaces as places } from "../../../site/data/report-places";

const head = `set -eu
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH`;

/**
 * Makes the report, as root: how each source's last run ended, which dump is its newest, which copies lie elsewhere. Words of a log
 * are left out, which whoever listens on the network could read. A source that cannot be read is left out, too: the exporter knows
 * which ones there should be.
 */
export const reportWriter = `#!/bin/sh
# Makes the report of this guest's dumps. Written by Lifeboat: changes to this file are overwritten.
${head}
umask 022

# A text of JSON without the words of a log.
wordless() { sed -E 's/"(message|held|why)":"([^"\\\\]|\\\\.)*"/"\\1":""/g'; }

copies() {
	said=$(cat ${offsite.state}/status.json 2>/dev/null) || return 0
	printf '%s' "$said" | grep -qE '^\\{"version":1,.*\\}$' || return 0
	printf ',"copies":%s,"newest":{' "$(printf '%s' "\${said%\\}}" | wordless)"
	between=
	for lying in ${offsite.newest}/*; do
		[ -f "$lying" ] || continue
		printf '%s"%s":"%s"' "$between" "\${lying##*/}" "$(cat "$lying")"
		between=,
	done
	printf '}}'
}

mkdir -p ${places.report.slice(0, places.report.lastIndexOf("/"))}
{
	printf '{"version":1,"sources":['
	between=
	for place in ${offsite.sources}/*/settings; do
		[ -f "$place" ] || continue
		source=\${place%/settings}
		said=$(timeout 120 ${dataProgram} status "\${source##*/}") || continue
		printf '%s%s' "$between" "$(printf '%s' "$said" | wordless)"
		between=,
	done
	printf ']'
	copies
	printf '}\\n'
} >${places.report}.new
mv ${places.report}.new ${places.report}
`;

/** Answers one connection, which is its standard input and output, by HTTP. What is asked decides nothing. */
export const reportAnswerer = `#!/bin/sh
# Answers one question for the report of this guest's dumps. Written by Lifeboat: changes to this file are overwritten.
${head}

# STATUS AGE BODY
answer() {
	printf 'HTTP/1.0 %s\\r\\nContent-Type: application/json\\r\\nAge: %s\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' \\
		"$1" "$2" "\${#3}" "$3"
	exit 0
}

# To its end: what is not read would end the connection before the answer has come.
end=$(printf '\\r')
while IFS= read -r line; do
	case $line in '' | "$end") break ;; esac
done
grep -qxF -e "\${REMOTE_ADDR#::ffff:}" ${places.allowed} || answer '403 Forbidden' 0 '{}'
[ -f ${places.report} ] || answer '503 Service Unavailable' 0 '{}'
report=$(cat ${places.report})
age=$(($(date +%s) - $(stat -c %Y ${places.report})))
[ "$age" -ge 0 ] || age=0
answer '200 OK' "$age" "$report"
`;
