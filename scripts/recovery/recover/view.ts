import { basename } from "node:path";
import { readMapping, type WrittenMapping } from "../../../site/replaced-node/node-mapping";
import { shellQuote } from "../../machine/shell-quote";
import { formatAge, formatBytes, formatDuration } from "../../terminal/durations";
import type { Lines, Table } from "../../terminal/talk";
import { red, yellow, type Words } from "../../terminal/text";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import { mappingWords } from "./earlier-mapping";
import { lostOf } from "./lost";
import { emptiedText, isLacking, isOutOfReach } from "./lacking";
import type { BareNode, DataCopy, EnvironmentLook, GuestLook, RecoverPlan, StoreLook } from "./plan";

/** Nothing of the site is gone. What is there and does not work, `lifeboat check` tells. */
export function nothingLost(plan: RecoverPlan, unusable: readonly Finding[]): Report {
  return {
    value: { environments: plan.environments.map(({ name }) => name) },
    print: (lines) => {
      printLost(plan, unusable, lines);
      lines.line("Nothing is lost that a recovery could bring back: every other guest, job and state is there.");
      lines.line("Whether all of it works: lifeboat check");
    },
  };
}

/** What cannot be brought back comes first, and what is lost with what can. */
export function printPlan(plan: RecoverPlan, unusable: readonly Finding[], lines: Lines): void {
  const { environments, store } = plan;
  lines.heading("Plan: recover the site");
  printLost(plan, unusable, lines);
  if (plan.unproven === true) {
    lines.line(
      "  Nothing is lost; an earlier recovery ended with something not in order: everything is checked again.",
    );
  }
  if (plan.map !== undefined) printMapping(plan.map, lines);
  for (const bare of plan.bare ?? []) lines.hanging("  the node itself:  ", bareText(bare));
  for (const environment of environments) printEnvironment(environment, lines);
  if (store !== undefined) lines.hanging("  state store:  ", storeText(store));
}

/** Every line of the settings that changes, so that somebody can look at it before it is written. */
function printMapping({ nodes, storages, settings }: NonNullable<RecoverPlan["map"]>, lines: Lines): void {
  const pairs = [...Object.entries(nodes), ...Object.entries(storages)];
  lines.hanging(
    "  new names:  ",
    pairs.map(([old, now]) => (old === now ? `${old} kept its name` : `${old} is ${now} now`)).join("; "),
  );
  lines.hanging(
    "  the node itself:  ",
    `users, roles, storages, network and firewall come from its saved configuration, before this: ${nodeScriptLines({ nodes, storages }).join("; ")}`,
  );
  for (const { file, changes } of settings) {
    lines.line(`  ${basename(file)} is changed here, and nowhere else:`);
    const rows = changes.map(({ path, from, to }) => [path.join("."), from, "becomes", to]);
    lines.table(rows, "    ");
  }
}

/** The commands that show what of replaced nodes is needed on the new ones. */
function nodeScriptLines(map: WrittenMapping): string[] {
  const words = mappingWords(readMapping(map)).join(" ");
  return Object.keys(map.nodes).map((node) => `lifeboat node-script ${shellQuote(node)} ${words}`);
}

/** What a node lacks of itself, which no recovery of guests brings back. */
function bareText({ node, missing, unseen, saved, from }: BareNode): string {
  const command = `lifeboat node-script ${shellQuote(node)}${from === undefined ? "" : ` --from ${from}`}`;
  const hidden = unseen.join("; ");
  if (missing.length > 0) {
    const lacks = `${missing.join(", ")}${hidden === "" ? "" : `; ${hidden}`}`;
    return `${node} has none of its guests, and lacks what its saved configuration has of it (${lacks}). Before this: ${command}`;
  }
  const what = saved === undefined ? "whether it has what was saved of it" : "whether it has all that was saved of it";
  return `${node} has none of its guests, and ${what} cannot be seen (${hidden}). If it was installed anew, before this: ${command}`;
}

function printLost(plan: RecoverPlan, unusable: readonly Finding[], lines: Lines): void {
  for (const finding of unusable) printFinding(finding, lines, "  ");
  for (const { kind, subject, why, mend } of lostOf(plan)) {
    const isUnseen = kind === "environment";
    const word = kind === "by hand" ? yellow("BY HAND: ") : kind === "locked" ? yellow("LOCKED: ") : red("LOST: ");
    lines.hanging(["  ", word], `${subject}${isUnseen ? " cannot be brought back now" : ""}: ${why}`);
    if (mend !== undefined) lines.hanging("        HINT: ", mend);
  }
}

function printEnvironment(look: EnvironmentLook, lines: Lines): void {
  const { name, trouble, storage, job, guests, goneBesides, unfinished } = look;
  if (trouble !== undefined) return;
  if (goneBesides !== undefined) {
    const names = goneBesides.join(", ");
    lines.hanging(`  ${name}: `, `${names} stays lost, as asked; so its stack, which would make it, is not brought up`);
  }
  const unreached = guests.filter(isOutOfReach);
  if (unreached.length > 0) {
    lines.hanging(`  ${name}: `, `its stack is not brought up: ${emptiedText(unreached)}`);
  }
  if (!isLacking(look)) {
    if (unreached.length === 0) lines.line(`  ${name}: all of it is there`);
    return;
  }
  const facts = [
    ...(unfinished === true ? ["its stack is brought up, which an earlier run did not come to, or could not do"] : []),
    ...(storage.state === "define" ? [`storage ${storage.id} is not defined: its archives are seen when it is`] : []),
    ...(job ? [] : ["the backup job is gone"]),
  ];
  lines.hanging(`  ${name}: `, facts.length === 0 ? "guests are gone" : facts.join("; "));
  const table: Table = [
    ["GUEST", "ID", "COMES BACK", "LOST"],
    ...guests.map((guest) => [guest.name, String(guest.id), wayText(guest), lostText(guest)]),
  ];
  lines.table(table, "    ");
  for (const guest of guests) printCopy(guest, lines);
  for (const guest of guests) for (const copy of guest.data ?? []) printData(guest, copy, lines);
}

/** What is newer in the guest itself, and how far WAL reaches, only the guest can tell. */
function printData({ name, ageSeconds }: GuestLook, copy: DataCopy, lines: Lines): void {
  const { source, dump, time, encrypted, bucket = "elsewhere", unseen, wal, left } = copy;
  const label = `    ${name}: data of ${source}: `;
  if (left === true) {
    lines.hanging(label, "stay as the archive has them, as asked");
    return;
  }
  const age = time === undefined ? undefined : Math.max(0, Date.now() / 1_000 - time);
  const isOlder = age !== undefined && ageSeconds !== undefined && age >= ageSeconds;
  const sealed = encrypted === true ? "; it is encrypted: LIFEBOAT_AGE_IDENTITY_FILE opens it" : "";
  const found =
    unseen !== undefined
      ? `what lies elsewhere cannot be seen: ${unseen}`
      : dump === undefined || age === undefined || isOlder
        ? "no newer copy lies elsewhere"
        : `${dump} in ${bucket} replaces what the archive has; the last ${formatAge(age)} are lost${sealed}`;
  const more = wal === true ? "; WAL, where it reaches further" : "";
  lines.hanging(label, `${found}${more}`);
}

/** From where a copy comes, and what somebody should know before it is trusted. */
function printCopy({ name, way, elsewhere, why }: GuestLook, lines: Lines): void {
  if (elsewhere === undefined) {
    if (way === "archive unseen" && why !== undefined) lines.hanging("    WARNING: ", `${name}: ${why}`);
    return;
  }
  lines.hanging(`    ${name}: `, `${elsewhere.archive} lies in ${elsewhere.bucket}`);
  if (why !== undefined) lines.hanging("    WARNING: ", `${name}: ${why}`);
  for (const doubt of elsewhere.doubts) {
    lines.hanging("    WARNING: ", `${name}: somebody has changed this copy since: ${doubt}`);
  }
}

function wayText(look: GuestLook): string {
  const { declaredNode, node } = look;
  return `${wayWord(look)}${declaredNode === undefined ? "" : `, on ${node}`}`;
}

function wayWord({ way, bytes, elsewhere }: GuestLook): string {
  switch (way) {
    case "there":
      return "is there";
    case "resume":
      return "by the restore that is half done";
    case "archive":
      return bytes === undefined ? "from its archive" : `from its archive (${formatBytes(bytes)})`;
    case "archive unseen":
      return elsewhere === undefined
        ? "from its newest archive"
        : `from its newest archive, or its copy elsewhere (${formatBytes(elsewhere.bytes)})`;
    case "offsite":
      return bytes === undefined ? "from its copy elsewhere" : `from its copy elsewhere (${formatBytes(bytes)})`;
    case "store":
      return "with the state store";
    case "ha":
      return "by HA, which is waited for";
    case "by hand":
      return "BY HAND, as above";
    case "another":
      return "NOT AT ALL: its number is taken";
    case "anew":
      return "made again, EMPTY";
    case "none":
      return "NOT AT ALL";
  }
}

/** What is lost although the guest comes back: the time since its archive, against what was promised. */
function lostText({ way, ageSeconds, rpoSeconds, elsewhere, mend }: GuestLook): Words {
  // An older archive, or a restore beside another guest, brings back what the next command says.
  if ((way === "none" || way === "another") && mend !== undefined) return red("all of it, until mended");
  if (way === "none" || way === "another" || way === "anew") return red("everything in it");
  const isUnseen = way === "archive unseen";
  const most = isUnseen ? elsewhere?.ageSeconds : ageSeconds;
  if (most === undefined) return isUnseen ? "not known yet" : "";
  const age = `${isUnseen ? "at most " : ""}the last ${formatAge(most)}`;
  return most <= rpoSeconds ? age : yellow(`${age} (RPO ${formatDuration(rpoSeconds)})`);
}

function storeText({ way, endpoint, states }: StoreLook): string {
  switch (way) {
    case "there":
      return "answers, and holds every state";
    case "rebuild":
      return `is made again at ${endpoint}, with the states from ${states?.from ?? "their copies"}`;
    case "guest":
      return "comes back with its guest, and the states in it: there is no copy of them";
    case "none":
      return "cannot be brought back";
  }
}
