import { type Step, standing } from "../engine/step";
import { guestsPaths, resultsIn } from "./guests-step";
import type { RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

/** Path of the step that looks for newer data. */
export const dataPath = "data";

/**
 * Looks whether data of the guests that come back are left in a newer form than in their archives. They are not restored by it: what
 * replaces a database is decided by somebody who sees what is in it. Undefined: no guest that may come back has data in the settings.
 */
export function dataStep({ environments }: RecoverPlan, session: SiteSession): Step | undefined {
  const concerned = environments.flatMap(({ name, trouble, guests }) =>
    trouble === undefined
      ? guests
          .filter(({ way, restored }) => way !== "there" || restored !== undefined)
          .map((look) => ({ selector: `${name}/${look.name}`, restored: look.restored }))
          .filter(({ selector }) => session.site.findGuest(selector).guest.data.length > 0)
      : [],
  );
  if (concerned.length === 0) return undefined;
  const names = concerned.map(({ selector }) => selector).join(", ");
  return standing({
    id: dataPath,
    title: `Look for newer data of ${names}`,
    does: `look which data of ${names} are left in newer dumps, copies of them or WAL than in the archives, and name the commands that bring those back`,
    run: async ({ factsOf }) => {
      const results = Object.values(guestsPaths).flatMap((path) => resultsIn(factsOf(path)));
      const guests = concerned.flatMap(({ selector: guest, restored }) => {
        const time = (results.find((one) => one.guest === guest) ?? restored)?.time ?? null;
        return time === null ? [] : [{ guest, time }];
      });
      const findings = await session.newerData(guests, session.context);
      return { facts: { newer: findings.length }, findings };
    },
  });
}
