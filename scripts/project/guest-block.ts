import type { Adoption } from "../../site/adoption";
import type { CalendarDay } from "../../site/settings/environment";

/** The entry of a guest in the settings, in both of YAML's styles. */
export interface GuestBlock {
  readonly name: string;
  /** Lines below each other, from the guest's key on; `depth` counts levels below that key. */
  readonly lines: readonly { readonly depth: number; readonly text: string }[];
  /** `legacy: { adopt: 140 }` */
  readonly flow: string;
}

/** Who answers for disks without a backup until somebody has decided, and the last day on which that holds. */
export interface GracePeriod {
  readonly owner: string;
  readonly until: CalendarDay;
}

/** Longest line that an entry takes before it is written below each other. */
const lineWidth = 100;

/** Writes the entry that adopts a guest. */
export function adoptionBlock({ name, id, node, hostname, checks, disks }: Adoption, grace: GracePeriod): GuestBlock {
  const plain = [
    `adopt: ${String(id)}`,
    ...(node === undefined ? [] : [`node: ${scalar(node)}`]),
    ...(hostname === undefined ? [] : [`hostname: ${scalar(hostname)}`]),
    ...(checks.length === 0 ? [] : [`checks: [${checks.join(", ")}]`]),
  ];
  const optOuts = disks.map(({ key, reason }) => {
    const fields = `exclude: ${scalar(reason)}, owner: ${scalar(grace.owner)}, until: ${grace.until}`;
    return `${key}: { backup: { ${fields} } }`;
  });
  const flow = [...plain, ...(optOuts.length === 0 ? [] : [`disks: { ${optOuts.join(", ")} }`])];
  const inOneLine = `${scalar(name)}: { ${flow.join(", ")} }`;
  if (optOuts.length === 0 && inOneLine.length <= lineWidth) {
    return { name, flow: inOneLine, lines: [{ depth: 0, text: inOneLine }] };
  }
  const lines = [
    { depth: 0, text: `${scalar(name)}:` },
    ...plain.map((text) => ({ depth: 1, text })),
    ...(optOuts.length === 0 ? [] : [{ depth: 1, text: "disks:" }]),
    ...optOuts.map((text) => ({ depth: 2, text })),
  ];
  return { name, flow: inOneLine, lines };
}

/** Words that one YAML reader or another takes for something else than text. */
const words = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null"]);

/** Plain where every reader takes it for text, quoted otherwise. */
function scalar(text: string): string {
  const plain = /^[A-Za-z](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?$/u.test(text) && !words.has(text.toLowerCase());
  return plain ? text : JSON.stringify(text);
}
