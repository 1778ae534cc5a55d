import { dataRestoreLine } from "../../../site/data/restore-line";
import { drillGroups } from "../../../site/drill/groups";
import { nodesOf } from "../../../site/needs";
import type { Environment, Guest, KitSettings } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/site";
import type { SiteStore } from "../../project/state-store";
import {
  type Block,
  code,
  type Document,
  list,
  section,
  type Section,
  table,
  text,
  warning,
} from "../../terminal/document/document";
import { formatDuration, formatInstant } from "../../terminal/durations";
import { setupsOf } from "../doctor/setup";
import { guestByHand, guestProof } from "./by-hand-guest";
import { copiesByHand, dataByHand, jobByHand, stateByHand, storageByHand } from "./by-hand-site";
import type { KitFiles } from "../kit-record/kit-files";
import { type CarriedPrograms, laptop } from "./laptop-section";
import type { NeededSecret } from "./needed-secrets";

/** What a kit is made of. */
export interface KitContents {
  readonly project: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly environments: readonly LoadedEnvironment[];
  readonly unusable: readonly string[];
  readonly settings: Partial<KitSettings>;
  readonly store: SiteStore | undefined;
  readonly secrets: readonly NeededSecret[];
  readonly files: KitFiles;
  /** Secrets in the clear, for what is encrypted as a whole. */
  readonly opened: readonly { readonly name: string; readonly value: string }[];
  /** Files of the project, and the program where it was asked for, as lines of base64. */
  readonly archive: CarriedPrograms & { readonly lines: readonly string[] };
}

/** What somebody needs who has nothing but a laptop and this page: in the order in which it is done. */
export function kitPage(kit: KitContents): Document {
  const { project, madeAt, environments, unusable, files } = kit;
  const steps: readonly (readonly [string, readonly Section[]])[] = [
    ["A laptop", [laptop(kit.archive)]],
    ["The nodes answer, and their rights are there", environments.map(nodeSection)],
    ["Backup storages", environments.map(storageSection)],
    ["States", [stateSection(kit)]],
    ["Guests, in this order", inOrder(environments).map(guestSection)],
    ["Databases and files in guests", environments.flatMap(dataSections)],
    ["Backups run again", environments.map(jobSection)],
    [
      "Everything works",
      [
        section(
          "Check",
          [code(["lifeboat check"]), text("Every line is in order, or the line below says the next command.")],
          3,
        ),
      ],
    ],
  ];
  return {
    title: `Break-glass file: ${project}`,
    introduction: [
      `Made ${formatInstant(madeAt)} of the site ${files.digest.slice(0, 12)}. For somebody with nothing but a laptop and this. Each step has Lifeboat's own command, and below it what does the same by hand on a node.`,
    ],
    sections: [
      ...(unusable.length === 0 ? [] : [section("Not in here", unusable.map(warning))]),
      contacts(kit.settings),
      places(kit),
      secrets(kit),
      ...steps
        .filter(([, parts]) => parts.length > 0)
        .flatMap(([title, parts], index) => [section(`Step ${String(index + 1)}: ${title}`, []), ...parts]),
      ...settingsSections(kit),
      ...archiveSection(kit),
    ],
  };
}

function contacts({ contacts: people = [] }: Partial<KitSettings>): Section {
  return section("Whom to call, in this order", [
    people.length === 0 ? warning("The settings name nobody: contacts in lifeboat:kit.") : list(people),
  ]);
}

function places({ environments, store, settings }: KitContents): Section {
  const rows = environments.flatMap(({ settings: site, name }) => [
    ["nodes", name, `${nodesOf(site).join(", ")} at ${site.proxmox.endpoint}`],
    ["backups of guests", name, `storage ${site.backup.storage.id}${pathOf(site)}`],
    ...(site.offsite === undefined
      ? []
      : [["copies of dumps", name, `s3://${site.offsite.bucket} at ${site.offsite.endpoint}`]]),
  ]);
  const copies = store?.store.copies;
  return section("Where what lies", [
    table(
      ["WHAT", "OF", "PLACE"],
      [
        ...rows,
        ...(store === undefined ? [] : [["states", "all", store.endpoint]]),
        ...(copies?.offsite === undefined
          ? []
          : [["copies of states", "all", `s3://${copies.offsite.bucket} at ${copies.offsite.endpoint}`]]),
        ["copies of states", "all", copies?.folder ?? "~/.local/share/lifeboat on the operator's machine"],
        ["repository", "all", settings.kept?.repository ?? "the settings do not say (kept.repository in lifeboat:kit)"],
      ],
    ),
  ]);
}

function pathOf({ backup: { storage } }: Environment): string {
  if (storage.type === "dir") return `, ${storage.path} on its nodes`;
  if (storage.type === "nfs") return `, ${storage.export} of ${storage.server}`;
  return storage.type === "pbs" ? `, datastore ${storage.datastore} of ${storage.server}` : "";
}

function secrets({ secrets: needed, opened }: KitContents): Section {
  return section("Secrets that are needed", [
    table(
      ["SECRET", "WHAT IT OPENS", "WHERE THE PROGRAM LOOKS", "WHERE A COPY IS KEPT"],
      needed.map(({ name, opens, given, kept }) => [
        name,
        opens,
        given,
        kept ?? "NOBODY HAS SAID (kept in lifeboat:kit)",
      ]),
    ),
    ...(opened.length === 0
      ? [text("None of them is in this file.")]
      : [warning("Here they are:"), ...opened.flatMap(({ name, value }) => [text(name), code(value.split("\n"))])]),
  ]);
}

function nodeSection(environment: LoadedEnvironment): Section {
  const { name, settings } = environment;
  const { endpoint, ssh, trust } = settings.proxmox;
  const host = new URL(endpoint).hostname;
  const proof =
    trust.kind === "fingerprint"
      ? `SHA-256 of its certificate: ${trust.sha256}`
      : trust.kind === "ca"
        ? `Its certificate is signed by ${trust.file}, which is in this file.`
        : "Its certificate is one that systems know.";
  const [setup] = setupsOf([environment], false);
  return section(
    name,
    [
      text(`${nodesOf(settings).join(", ")}, ${endpoint}. ${proof}`),
      code([
        `ssh ${ssh?.user ?? "root"}@${host}${ssh === undefined || ssh.port === 22 ? "" : ` -p ${String(ssh.port)}`}`,
        `lifeboat doctor ${name}`,
      ]),
      ...(ssh === undefined || ssh.hostKeys.length === 0 ? [] : [text("Keys of its SSH server:"), list(ssh.hostKeys)]),
      text("On a node that was installed anew, as root; the last lines show the new token's secret:"),
      code(setup?.commands ?? []),
    ],
    3,
  );
}

function storageSection({ name, settings }: LoadedEnvironment): Section {
  const { storage } = settings.backup;
  return section(
    `${name}: ${storage.id}`,
    [
      code([`lifeboat status ${name}`]),
      text("By hand, as root on the node. It makes the storage known again, and writes nothing onto it:"),
      code([...storageByHand(storage), `pvesm list ${storage.id} --content backup`]),
    ],
    3,
  );
}

function stateSection({ project, environments, store }: KitContents): Section {
  const names = environments.map(({ name }) => name);
  if (store === undefined) {
    return section("No store is declared", [code(names.map((name) => `lifeboat restore state ${name} --list`))], 3);
  }
  const offsite = store.store.copies.offsite === undefined ? [] : ["lifeboat rebuild state-store --from offsite"];
  return section(
    store.endpoint,
    [
      code([
        "lifeboat rebuild state-store --dry-run",
        "lifeboat rebuild state-store",
        ...offsite,
        ...names.map((name) => `lifeboat restore state ${name} --list`),
      ]),
      text(
        "By hand, with the keys of lifeboat:stateKey in the settings. A state is read by: pulumi login --local, pulumi stack init, pulumi stack import --file",
      ),
      code(names.flatMap((name) => stateByHand(project, name, store))),
      text(
        "States lost everywhere: lifeboat state import-file writes what pulumi import takes. Guests are restored without any state.",
      ),
    ],
    3,
  );
}

/** A guest, and of which environment it is. */
interface PlacedGuest {
  readonly environment: LoadedEnvironment;
  readonly guest: Guest;
}

/** Monitoring first, then production, then the rest; in each whoever is needed before who needs it. */
function inOrder(environments: readonly LoadedEnvironment[]): PlacedGuest[] {
  const rank = { monitoring: 0, prod: 1, lab: 2 } as const;
  return environments
    .toSorted((a, b) => rank[a.settings.profile] - rank[b.settings.profile])
    .flatMap((environment) => {
      const { guests } = environment.settings;
      return drillGroups(guests, guests).flatMap((group) => group.map((guest) => ({ environment, guest })));
    });
}

function guestSection({ environment: { name, settings }, guest }: PlacedGuest): Section {
  const { rpo, rto } = guest.objectives;
  const goals = `May lose ${formatDuration(rpo)} of work${rto === undefined ? "" : `; back within ${formatDuration(rto)}`}.`;
  const left: Block[] =
    guest.optOut === undefined ? [] : [warning(`It is in no backup: ${guest.optOut.reason} (${guest.optOut.owner})`)];
  return section(
    `${name}/${guest.name}: ${String(guest.id)} on ${guest.node}`,
    [
      ...left,
      text(goals),
      code([`lifeboat restore guest ${name}/${guest.name} --dry-run`, `lifeboat restore guest ${name}/${guest.name}`]),
      text(`By hand, as root on ${guest.node}. An id that is taken is somebody's: look first (pct config, qm config).`),
      code(guestByHand(settings, guest)),
      text(`It is back when these are right: ${guestProof(guest)}.`),
    ],
    3,
  );
}

function dataSections({ name, settings }: LoadedEnvironment): Section[] {
  const copies = copiesByHand(settings);
  return settings.guests.flatMap((guest) => {
    if (guest.data.length === 0) return [];
    const selector = `${name}/${guest.name}`;
    const restores = guest.data
      .filter(({ kind }) => kind !== "command")
      .map((source) => `${dataRestoreLine(selector, source)} --dry-run`);
    return [
      section(
        selector,
        [
          code([`lifeboat data ${selector}`, ...restores]),
          text("By hand, as root in the guest, beside what is there:"),
          code(dataByHand(guest)),
          ...(copies.length === 0
            ? []
            : [text("Copies elsewhere, with the reader's key of lifeboat:offsiteKeys:"), code(copies)]),
        ],
        3,
      ),
    ];
  });
}

function jobSection({ name, settings }: LoadedEnvironment): Section {
  return section(
    name,
    [
      code([`lifeboat up ${name} --dry-run`, `lifeboat up ${name}`]),
      text("By hand, on a node:"),
      code([jobByHand(settings)]),
    ],
    3,
  );
}

/** On paper, too: a page can be typed. Secrets in them are encrypted with the passphrase. */
function settingsSections({ files: { project, missing } }: KitContents): Section[] {
  return [
    section("The settings", [
      text("As they are in the project. What stands behind 'secure:' is encrypted with the passphrase."),
      ...missing.map((file) => warning(`${file} could not be read, and is not in here.`)),
    ]),
    ...project.map(({ name, content }) =>
      section(name, [code(Buffer.from(content).toString("utf8").trimEnd().split("\n"))], 3),
    ),
  ];
}

function archiveSection({ archive: { lines, hasProgram } }: KitContents): Section[] {
  const what = hasProgram ? "The program and the settings as files" : "The settings as files";
  return [
    section(what, [
      text("Step 1 says how they are unpacked. There is nothing here for people."),
      {
        kind: "code",
        lines: ["-----BEGIN LIFEBOAT KIT-----", ...lines, "-----END LIFEBOAT KIT-----"],
        notPrinted: true,
      },
    ]),
  ];
}
