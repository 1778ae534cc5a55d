import { endCopiesWithLast, withoutDropIn } from "./offsite-removal";
import { placesOf } from "./places";
import { pointInTimePlaces } from "./point-in-time/places";
import { endReportWithLast, withoutReportOf } from "./report-removal";

/** How commands get into a guest: by its own SSH server, or by its node. */
export type Entrance =
  | { readonly kind: "ssh"; readonly user: string }
  | { readonly kind: "node"; readonly user: string; readonly id: number };

/** Runs a script from standard input as root of the guest; ends as the script does. */
export function shellThrough(entrance: Entrance): string {
  const sudo = entrance.user === "root" ? "" : "sudo -n ";
  if (entrance.kind === "ssh") return `${sudo}sh -s`;
  const id = String(entrance.id);
  // The node knows whether it is a container. The agent's own command ends well whatever ran: how that has ended is in what it prints.
  return (
    `if ${sudo}pct status ${id} >/dev/null 2>&1; then ${sudo}pct exec ${id} -- sh -s; else ` +
    `said=$(${sudo}qm guest exec ${id} --pass-stdin 1 --timeout 600 -- sh -s) && printf '%s\\n' "$said" && ` +
    `printf '%s' "$said" | tr -d ' \\n' | grep -q '"exitcode":0[,}]'; fi`
  );
}

/**
 * Takes a source's timer, settings and secrets out of its guest, and with the last one the key for copies elsewhere and the
 * port for the exporter. Dumps, status and log stay, and what other sources need.
 */
function removalScript(source: string): string {
  const { settings, unit } = placesOf(source);
  const { program: recovery } = pointInTimePlaces;
  const units = (["full", "diff"] as const).map((type) => pointInTimePlaces.unit(source, type));
  return [
    // WAL would pile up on a cluster whose archive is gone.
    `[ ! -x ${recovery} ] || [ ! -f ${pointInTimePlaces.settings(source)}/settings ] || ${recovery} remove ${source}`,
    `systemctl disable --now ${units.map((one) => `${one}.timer`).join(" ")} 2>/dev/null || :`,
    `rm -f ${units.flatMap((one) => [`/etc/systemd/system/${one}.service`, `/etc/systemd/system/${one}.timer`]).join(" ")}`,
    `systemctl disable --now ${unit}.timer 2>/dev/null || :`,
    `rm -rf ${settings} /etc/systemd/system/${unit}.service /etc/systemd/system/${unit}.timer`,
    ...withoutDropIn(source),
    ...endCopiesWithLast,
    ...withoutReportOf(source),
    ...endReportWithLast,
    "systemctl daemon-reload",
    "",
  ].join("\n");
}

/** What a state has as the `delete` of the command that installs a source. */
export function removalCommand(source: string, entrance: Entrance): string {
  return `printf %s '${removalScript(source)}' | (${shellThrough(entrance)})`;
}

/** Whether a text of a state is such a command: nobody else's text is run when a source goes. */
export function isRemovalCommand(text: string): boolean {
  const [, source] = /\/etc\/lifeboat\/data\/([a-z][a-z0-9-]{0,39}) /u.exec(text) ?? [];
  if (source === undefined) return false;
  const [, id = "0"] = /pct status ([1-9]\d{0,8}) /u.exec(text) ?? [];
  return ["root", "other"].some((user) =>
    [
      removalCommand(source, { kind: "ssh", user }),
      removalCommand(source, { kind: "node", user, id: Number(id) }),
    ].includes(text),
  );
}
