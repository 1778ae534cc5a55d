/** The retention of `lifeboat-data`: the same as `site/data/retention.ts`, which a test shows. */
export const retentionPart = `# shellcheck shell=sh disable=SC2034,SC2154
# Which dumps stay. Reads lines "NAME TIME" of all whole dumps; prints "remove NAME" for each that goes, or "held WHY NAME".
decide_retention() {
	sort -k 2,2nr -k 1,1r | awk -v made="$1" -v daily="$keep_daily" -v weekly="$keep_weekly" -v monthly="$keep_monthly" '
	$1 == made { made_time = $2; next }
	{ name[++n] = $1; time[n] = $2 }
	function keep(what, period, most, i) {
		if (((what, period) in seen) || count[what] >= most) return
		seen[what, period]; count[what]++; kept[i] = 1
	}
	function tiers(i, name, time,   day) {
		day = int(time / 86400)
		keep("day", day, daily, i)
		keep("week", int((day + 3) / 7), weekly, i)
		# The dump of a month is known by its name, which is its day in UTC.
		keep("month", substr(name, 1, 7), monthly, i)
	}
	END {
		if (n == 0) exit
		# Dumps that are newer than the one that has just been made, or far older: a clock is wrong, and decides nothing.
		if (time[1] > made_time) { print "held clock-behind " name[1]; exit }
		if (made_time - time[1] > 40 * 86400) { print "held clock-ahead " name[1]; exit }
		tiers(0, made, made_time)
		for (i = 1; i <= n; i++) tiers(i, name[i], time[i])
		for (i = 1; i <= n; i++) if (!(i in kept)) print "remove " name[i]
	}'
}

# Removes what no tier keeps any more. Sets held where the clock forbids it.
apply_retention() {
	made=$1
	dump_names | while IFS= read -r name; do printf '%s %s\\n' "$name" "$(time_of "$name")"; done >"$small/dumps"
	# Nothing goes when the one that was made is not seen.
	grep -q "^$made " "$small/dumps" || fail 'it is not among those that lie there'
	decide_retention "$made" <"$small/dumps" >"$small/decision"
	exec 7<"$settings"
	while read -r word first second; do
		case $word in
		held) held="$first $second" ;;
		remove)
			# Somebody reads one: without its files it would look damaged. The next run removes them.
			flock -n 7 || break
			# First out of sight: what is removed half-way is no dump.
			mkdir -p "$stage"
			rm -rf "$stage/removed"
			mv -T "$folder/$first" "$stage/removed"
			rm -rf "$stage/removed"
			# Only empty ones go, and others may be making theirs.
			rmdir "$folder/\${first%/*}" "$folder/\${first%%/*}" 2>/dev/null || true
			;;
		esac
	done <"$small/decision"
	exec 7<&-
}
`;
