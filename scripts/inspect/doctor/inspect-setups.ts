import type { Site } from "../../project/site";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import type { Inspection } from "../inspection";
import { type Setup, setupsOf } from "./setup";
import type { setupsShape } from "./shape";

/** The lines that make roles, user and token of the environments' endpoints. Connects to nothing. */
export function inspectSetups(
  site: Site,
  { environment: only, readOnly }: { environment: string | undefined; readOnly: boolean },
): Inspection<ValueOf<typeof setupsShape>> {
  const environments = only === undefined ? site.environments().usable : [site.environment(only)];
  const setups = setupsOf(environments, readOnly);
  return {
    value: { setups },
    print: (lines) => setups.forEach((setup) => printSetup(setup, lines)),
    exitCode: exitCodes.done,
    remark: (talk) => {
      talk.line(
        "Run these lines as root on a node, again whenever they change. The last one shows the token's secret when it makes the token; then:",
      );
      for (const line of readOnly ? afterwardsForPreviews : afterwards) talk.line(`  ${line}`);
    },
  };
}

const afterwards = [
  "(umask 077; echo 'lifeboat@pve!cli=SECRET' > ~/.config/lifeboat-token)",
  "export LIFEBOAT_PROXMOX_TOKEN_FILE=~/.config/lifeboat-token",
  "lifeboat doctor",
];
const afterwardsForPreviews = [
  "gh secret set LIFEBOAT_PROXMOX_TOKEN --env preview-ENVIRONMENT   (lifeboat-preview@pve!preview=SECRET)",
];

function printSetup({ endpoint, environments, nodes, commands }: Setup, lines: Lines): void {
  lines.line(`# ${endpoint} (${nodes.join(", ")}), for ${environments.join(", ")}`);
  for (const command of commands) lines.line(command);
  lines.line();
}
