/** What a notes template may name. */
export interface NotesFacts {
  /** `standalone node` outside a cluster. */
  cluster: string;
  guestname: string;
  node: string;
  vmid: number;
}

/** @throws with the text of Proxmox for line breaks, unknown escapes and unknown variables */
export function checkNotesTemplate(template: string): void {
  if (template.includes("\n")) throw new Error("contains a line feed");
  const problems = [
    ...[...template.matchAll(/\\(.)/g)]
      .filter(([, character]) => character !== "n" && character !== "\\")
      .map((match) => `escape sequence '\\${match[1]}' at char ${match.index}`),
    ...[...template.matchAll(/\{\{([^\s{}]+)\}\}/g)]
      .filter(([, name]) => !/^(cluster|guestname|node|vmid)$/.test(name ?? ""))
      .map((match) => `variable '${match[1]}' at char ${match.index + 4}`),
  ];
  if (problems.length > 0) throw new Error(`found unknown: ${problems.join(", ")}`);
}

/** Fills a template in: escapes first, then variables (PVE::VZDump, $generate_notes). */
export function notesFrom(template: string, facts: NotesFacts): string {
  checkNotesTemplate(template);
  const values = new Map(Object.entries(facts).map(([name, value]) => [name, String(value)]));
  return template
    .replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character))
    .replaceAll(/\{\{(cluster|guestname|node|vmid)\}\}/g, (whole, name: string) => values.get(name) ?? whole);
}
