import { inFile } from "../mutant";

const file = "test/components/state-store/install-script-run.test.ts";

/** Installation of the state store's server. */
export const serverMutants = inFile("components/state-store/install-script.ts", [
  {
    name: "install: the program's checksum is not compared",
    from: '[ "$found" = "$sha256" ] ||',
    to: "true ||",
    killedBy: { file, title: "is not started, not even asked for its version, and nothing is left of it" },
  },
  {
    name: "install: the checksum is that of the file that was loaded",
    from: '  [ "$found" = "$sha256" ] ||',
    to: '  sha256=$found; [ "$found" = "$sha256" ] ||',
    killedBy: { file, title: "leaves the server that was there as it is, running" },
  },
  {
    name: "install: no way back to the release before",
    from: '    point current "$previous"\n    if start',
    to: "    if start",
    killedBy: { file, title: "goes back to the release before when the new one dies" },
  },
  {
    name: "install: a release that is not healthy is kept",
    from: "start || go_back",
    to: "start || :",
    killedBy: { file, title: "goes back to the release before when the new one hangs" },
  },
  {
    name: "install: the way back leads to what was never proven",
    from: 'previous=$(readlink "$base/proven" 2>/dev/null)',
    to: 'previous=$(readlink "$base/current" 2>/dev/null)',
    killedBy: { file, title: "goes back to the last release that was healthy" },
  },
  {
    name: "install: the data may lie on the root disk",
    from: 'mountpoint -q "$mount" || fail',
    to: 'mountpoint -q "$mount" || say',
    killedBy: { file, title: "without mounted nothing is made" },
  },
  {
    name: "install: the server's log is shown with its password",
    from: ' | grep -F -v -f "$1/root-password" >&2',
    to: " >&2",
    killedBy: { file, title: "the server's last words are shown, and its password is not" },
  },
  {
    name: "install: everybody in the guest reads the server's secrets",
    from: 'chmod 0400 "$new/root-user"',
    to: 'chmod 0444 "$new/root-user"',
    killedBy: { file, title: "runs the program that the settings name, with secrets that only its user reads" },
  },
  {
    name: "install: what was copied in is removed before the server is healthy",
    from: "  start || go_back\n",
    to: '  [ -z "$file" ] || rm -f -- "$file"\n  start || go_back\n',
    killedBy: { file, title: "removes a program that was copied into the guest once it is proven, and not before" },
  },
  {
    name: "install: nothing new interrupts the server all the same",
    from: 'diff -r "$base/$previous" "$new" >/dev/null 2>&1 && probe; then',
    to: "false; then",
    killedBy: { file, title: "with nothing new does not interrupt the server" },
  },
]);
