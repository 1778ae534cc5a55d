import type { Finding, Step } from "../engine/step";
import { dataPath } from "./data-step";
import { moveInSettings } from "./dead-node";
import { emptiedText, isOutOfReach } from "./lacking";
import { lostOf } from "./lost";
import { takenIn } from "./number-taken";
import type { EnvironmentLook, RecoverPlan } from "./plan";
import { type PlacesNow, placesNow } from "./returned";
import type { SiteSession } from "./session";
import { stackResultsIn, upPath } from "./stack-steps";

/** Path of the step that proves the whole. */
export const checkPath = "check";

/** Looks at everything once more, as `lifeboat check` does. */
export function checkStep(plan: RecoverPlan, session: SiteSession): Step {
  const { environments } = plan;
  const names = environments.filter(({ trouble }) => trouble === undefined).map(({ name }) => name);
  return {
    id: checkPath,
    title: `Check ${names.join(", ")}`,
    does: `check ${names.join(", ")}: every guest by its checks, backup jobs, states, copies and monitoring`,
    card: {
      needs: "the steps before it",
      command: `lifeboat check ${names.join(" ")}`,
      check: "it ends with 0",
    },
    run: async ({ factsOf }) => {
      const problems = await session.check(names, session.context);
      const now = new Map(
        await Promise.all(
          environments.map(
            async (look) => [look.name, await placesNow(session.site.environment(look.name), look)] as const,
          ),
        ),
      );
      const findings = [
        ...session.unusable,
        ...notRecovered(plan, now),
        ...foundBefore(plan),
        ...environments.flatMap((look) => notBroughtUp(look, now.get(look.name) ?? new Map())),
        ...problems,
      ];
      const isNewest = (factsOf(dataPath)["newer"] ?? 0) === 0;
      // A job that is there as Proxmox has it may be missing in the state: what failed was said where it did.
      const isUp = Object.values(stackResultsIn(factsOf(upPath))).every((one) => one === "done" || one === "unchanged");
      return { facts: { proven: isNewest && isUp && findings.length === 0 }, findings };
    },
  };
}

/** Backup jobs and whatever else its stack makes may be missing still. */
function notBroughtUp(look: EnvironmentLook, now: PlacesNow): Finding[] {
  const { name, goneBesides, guests } = look;
  const unreached = guests.filter(isOutOfReach);
  if (unreached.length > 0) {
    const isElsewhere = unreached.some(({ mayBeElsewhere }) => mayBeElsewhere === true);
    const mend = isElsewhere
      ? "when the copies can be had: lifeboat recover --from offsite"
      : `lifeboat recover --only ${name}, when that is mended`;
    return [{ severity: "problem", text: `${name} is not brought up: ${emptiedText(unreached)}`, mend }];
  }
  const taken = takenIn(look);
  if (taken.length > 0) {
    const text = `${name} is not brought up: others have, or may have, the ${taken.length === 1 ? "number" : "numbers"} of ${taken.join(", ")}, and its stack would write them into its state`;
    return [{ severity: "problem", text, mend: `lifeboat recover --only ${name}, when that is mended` }];
  }
  const moved = moveInSettings(look, now);
  if (moved !== undefined) return [{ severity: "todo", ...moved }];
  if (goneBesides === undefined) return [];
  const text = `${name} is not brought up: its stack would make ${goneBesides.join(", ")} as well, and nobody has asked for that`;
  return [{ severity: "todo", text, mend: `lifeboat recover --only ${name}, or lifeboat up ${name}` }];
}

/** What an earlier run, which was cut off, has found about the guests that it brought back. */
function foundBefore({ environments }: RecoverPlan): Finding[] {
  return environments.flatMap(({ guests }) => guests.flatMap(({ restored }) => restored?.findings ?? []));
}

/** What the check does not look at. */
function notRecovered(plan: RecoverPlan, now: ReadonlyMap<string, PlacesNow>): Finding[] {
  return lostOf(plan).flatMap(({ kind, subject, why, mend }): Finding[] => {
    if (kind === "guest" || kind === "store") return [];
    const [environment = "", guest = ""] = subject.split("/");
    const place = kind === "by hand" ? now.get(environment)?.get(guest) : undefined;
    if (place !== undefined) {
      const text = `${subject} is on ${place}, which answers by now: it was left as it is, and nothing is to be moved by hand`;
      return [{ severity: "problem", text, mend: `lifeboat recover --only ${environment}, which looks again` }];
    }
    const text = `${subject} was left as it is: ${why}`;
    return [{ severity: "problem", text, ...(mend === undefined ? {} : { mend }) }];
  });
}
