/** The part of `lifeboat-data` for what a command prints, in the guest or in a Docker container in it. */
export const commandPart = `# shellcheck shell=sh disable=SC2154
# What a command prints. The commands are the settings' own, and are run as they are.

# One of them, in the guest or in the container.
run_command() {
	if [ -n "$container" ]; then docker exec -i "$container" sh -c "$1"; else sh -c "$1"; fi
}

command_ready() {
	if [ -n "$container" ]; then docker inspect --format 'the output of a command in {{.Name}}' "$container"; else echo 'the output of a command'; fi
}

command_items() { echo 'output command'; }

command_dump() { run_command "$command" </dev/null; }

# Its own check says whether it is good; whoever gave none has said that anything is.
command_prove() {
	open_item "$3" | wc -c >"$small/size"
	read -r size <"$small/size"
	[ "$size" -gt 0 ] || fail 'the command printed nothing'
	if [ -n "$check" ]; then
		open_item "$3" | run_command "$check" >&2 || fail "the check refuses it: $(last_words)"
	fi
	printf 'printed %s\\n' "$size"
}

command_clear() { :; }

# Its restore gets what was printed. There is no copy beside what is there: a command knows no names.
command_load() {
	[ -n "$restore" ] || fail 'its settings have no command that restores it'
	run_command "$restore" >&2
}

command_drop_copy() { fail 'a command makes no copies'; }
`;
