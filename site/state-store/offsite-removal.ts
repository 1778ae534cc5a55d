/** Where the copies to another service are at home in the store's container. */
const unit = "lifeboat-offsite-copy";
const programFolder = "/usr/local/lib/lifeboat";
export const offsitePlaces = {
  /** Name of the service, its timer and its user. */
  unit,
  folder: `/etc/${unit}`,
  programFolder,
  program: `${programFolder}/${unit}`,
} as const;

/** Takes away what the installation has put there; harmless where it never was. Copies that were made stay. */
export function removeScript(): string {
  const { folder, program } = offsitePlaces;
  return [
    `systemctl disable --now ${unit}.timer 2>/dev/null || :`,
    `rm -rf ${folder} ${program} /etc/systemd/system/${unit}.service /etc/systemd/system/${unit}.timer`,
    "systemctl daemon-reload",
    "",
  ].join("\n");
}

/** The words before a command that only root may run. */
const prefixes = { root: "", others: "sudo -n " } as const;

/**
 * What a state has as the `delete` of that command, by who logs in. Whoever changes a word of it leaves the former text here:
 * states that were written with it are still those of the program.
 */
export const removalCommands = {
  root: `${prefixes.root}sh -c '${removeScript()}'`,
  others: `${prefixes.others}sh -c '${removeScript()}'`,
} as const;
