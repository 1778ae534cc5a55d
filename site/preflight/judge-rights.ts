import { missingLines } from "../../proxmox/rules/privileges";
import type { Environment } from "../settings/environment";
import type { Run, SiteFacts } from "./facts";
import { fine, refuse, together, type Verdict, warn } from "./verdict";

/** A privilege that is missing would end an update half-way, with some of its resources made. */
export function judgeRights({ name }: Environment, { rights }: SiteFacts, { preview }: Run): Verdict {
  if (rights === undefined || rights.missing.length === 0 || (preview && rights.onlyLooks)) return fine;
  const lines = missingLines(rights.missing);
  const hint = `lifeboat doctor ${name} --print-setup prints the lines that give it`;
  if (preview) {
    return warn(
      [`The token may not do all of this, and an update with it is refused:`, ...indented(lines), `HINT: ${hint}`].join(
        "\n",
      ),
    );
  }
  return refuse([`Unable to deploy ${name}: the token may not do all of it`, ...indented(lines)].join("\n"), hint);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Proxmox refuses to make a guest in a pool that is not there, and says that it is not allowed. */
export function judgePools({ name }: Environment, { missingPools = [] }: SiteFacts): Verdict {
  return together(
    missingPools.map((pool) =>
      refuse(
        `Unable to deploy ${name}: there is no pool ${pool}, or the token may not see it`,
        `make it on a node: pveum pool add ${pool}; privileges on it: lifeboat doctor ${name} --print-setup`,
      ),
    ),
  );
}
