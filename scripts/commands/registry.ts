import type { Command, Example } from "./frame/command";

/** A verb, or a verb with its thing. Its file is loaded only when the command is the one that was asked for. */
export interface CommandEntry {
  /** Words of the command: `["restore", "guest"]`. */
  words: readonly string[];
  /** One line in the list of commands. */
  summary: string;
  /** Each file exports its declaration under the name `command`. */
  load: () => Promise<{ command: Command }>;
}

/** A first word that stands for several commands. */
interface Group {
  /** What the list of commands says about it. */
  readonly summary: string;
  /** What its own help begins with. */
  readonly examples: readonly Example[];
}

export const groups: Readonly<Record<string, Group>> = {
  restore: {
    summary: "bring something back",
    examples: [
      { command: "lifeboat restore guest web --dry-run", meaning: "what would a restore of a guest do?" },
      { command: "lifeboat restore guest web", meaning: "bring a guest back from its newest backup" },
      {
        command: "lifeboat restore guest web --target-id next",
        meaning: "restore beside it; the original is left alone",
      },
      { command: "lifeboat restore database web shop", meaning: "bring a database in a guest back from a dump" },
      { command: "lifeboat restore state prod --list", meaning: "which earlier states are there?" },
    ],
  },
  rebuild: {
    summary: "make something again that is lost",
    examples: [
      { command: "lifeboat rebuild state-store --dry-run", meaning: "what would come back, and from which copies?" },
      { command: "lifeboat rebuild monitoring", meaning: "bring monitoring back from its newest backup" },
    ],
  },
  monitoring: {
    summary: "watch the site",
    examples: [
      {
        command: "lifeboat monitoring export ./monitoring",
        meaning: "rules and dashboards for a Prometheus of your own",
      },
    ],
  },
  state: {
    summary: "look after the state of an environment's stack",
    examples: [
      { command: "lifeboat state fallback prod", meaning: "the store is down: work on with a copy" },
      { command: "lifeboat state return prod", meaning: "the store is back: move the state to it" },
      { command: "lifeboat state rotate prod", meaning: "replace keys that were stolen" },
    ],
  },
};

/** Commands that people look for together. */
interface CommandSection {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

/** Every command, in the order of the help. */
export const sections: readonly CommandSection[] = [
  {
    title: "Look:",
    commands: [
      {
        words: ["status"],
        summary: "age of each guest's newest backup, and what needs you",
        load: () => import("./status.js"),
      },
      {
        words: ["check"],
        summary: "prove that everything works: guests, backups, states, monitoring",
        load: () => import("./check.js"),
      },
      {
        words: ["inventory"],
        summary: "what is backed up where, how often, how old, how proven",
        load: () => import("./inventory.js"),
      },
      {
        words: ["kit"],
        summary: "break-glass file: all that a recovery needs, to print and to keep",
        load: () => import("./kit.js"),
      },
      {
        words: ["node-script"],
        summary: "what a new node needs of a lost one, as a script to read",
        load: () => import("./node-script.js"),
      },
      {
        words: ["backups"],
        summary: "list the backups of a guest",
        load: () => import("./backups.js"),
      },
      {
        words: ["data"],
        summary: "databases and files in guests: their dumps and last runs",
        load: () => import("./data.js"),
      },
      {
        words: ["snapshots"],
        summary: "list the snapshots of a guest",
        load: () => import("./snapshots.js"),
      },
      {
        words: ["preview"],
        summary: "show what pulumi up would do to each environment",
        load: () => import("./preview.js"),
      },
      {
        words: ["verify"],
        summary: "check that every backup and state can be read and restored",
        load: () => import("./verify.js"),
      },
      {
        words: ["doctor"],
        summary: "check settings, nodes, certificates, token and privileges",
        load: () => import("./doctor.js"),
      },
      {
        words: ["exporter"],
        summary: "metrics for Prometheus: what is really on the storages",
        load: () => import("./exporter.js"),
      },
    ],
  },
  {
    title: "Back up and prove:",
    commands: [
      {
        words: ["backup"],
        summary: "back guests up now, with the options of their job",
        load: () => import("./backup.js"),
      },
      {
        words: ["backup", "data"],
        summary: "dump databases and files of a guest now",
        load: () => import("./backup-data.js"),
      },
      {
        words: ["backup", "bucket"],
        summary: "mirror buckets of the site elsewhere, with their versions",
        load: () => import("./backup-bucket.js"),
      },
      {
        words: ["backup", "snapshot"],
        summary: "take or remove a snapshot of a guest while it runs",
        load: () => import("./backup-snapshot.js"),
      },
      {
        words: ["backup", "snapshots"],
        summary: "take the snapshots that are due; for a timer",
        load: () => import("./backup-snapshots.js"),
      },
      {
        words: ["backup", "state"],
        summary: "copy Pulumi's states to a folder or another S3",
        load: () => import("./backup-state.js"),
      },
      {
        words: ["drill"],
        summary: "prove backups: restore copies on an isolated bridge, check and destroy them",
        load: () => import("./drill.js"),
      },
      {
        words: ["drill", "data"],
        summary: "prove dumps: restore the newest into a throw-away, and ask it your query",
        load: () => import("./drill-data.js"),
      },
    ],
  },
  {
    title: "Restore:",
    commands: [
      {
        words: ["restore", "guest"],
        summary: "bring a guest back from a backup, in place or beside it",
        load: () => import("./restore-guest.js"),
      },
      {
        words: ["restore", "database"],
        summary: "bring a database back from a dump, beside or in its place",
        load: () => import("./restore-database.js"),
      },
      {
        words: ["restore", "files"],
        summary: "bring folders and volumes back from a dump",
        load: () => import("./restore-files.js"),
      },
      {
        words: ["restore", "bucket"],
        summary: "bring a mirrored bucket back, as it was at a time",
        load: () => import("./restore-bucket.js"),
      },
      {
        words: ["restore", "snapshot"],
        summary: "roll a guest back to one of its snapshots",
        load: () => import("./restore-snapshot.js"),
      },
      {
        words: ["restore", "point-in-time"],
        summary: "recover a PostgreSQL cluster to a time, a transaction or a name",
        load: () => import("./restore-point-in-time.js"),
      },
      {
        words: ["undo"],
        summary: "take back the last restore of a guest",
        load: () => import("./undo.js"),
      },
      {
        words: ["abandon"],
        summary: "give up what is half done and cannot be ended",
        load: () => import("./abandon.js"),
      },
    ],
  },
  {
    title: "State:",
    commands: [
      {
        words: ["restore", "state"],
        summary: "list earlier states of an environment, or go back to one",
        load: () => import("./restore-state.js"),
      },
      {
        words: ["state", "fallback"],
        summary: "work on with a copy while the state store is down",
        load: () => import("./state-fallback.js"),
      },
      {
        words: ["state", "return"],
        summary: "end a fallback: move the state back to the store",
        load: () => import("./state-return.js"),
      },
      {
        words: ["state", "rotate"],
        summary: "replace stolen keys to an environment's state",
        load: () => import("./state-rotate.js"),
      },
      {
        words: ["state", "prune"],
        summary: "remove old states from an environment's history",
        load: () => import("./state-prune.js"),
      },
      {
        words: ["state", "import-file"],
        summary: "make a file for pulumi import when a state is lost",
        load: () => import("./state-import-file.js"),
      },
    ],
  },
  {
    title: "Site:",
    commands: [
      {
        words: ["init"],
        summary: "write the settings of a site, and try them",
        load: () => import("./init.js"),
      },
      {
        words: ["recover"],
        summary: "bring back whatever is lost of the site, with one command",
        load: () => import("./recover.js"),
      },
      {
        words: ["up"],
        summary: "deploy every environment, and move states into the store",
        load: () => import("./up.js"),
      },
      {
        words: ["adopt"],
        summary: "write guests made by hand into the settings",
        load: () => import("./adopt.js"),
      },
      {
        words: ["grow"],
        summary: "grow and add disks of a container; its data stays",
        load: () => import("./grow.js"),
      },
      {
        words: ["rebuild", "state-store"],
        summary: "make a lost state store again, from copies of its states",
        load: () => import("./rebuild-state-store.js"),
      },
      {
        words: ["rebuild", "monitoring"],
        summary: "bring lost monitoring back from its backup, or anew",
        load: () => import("./rebuild-monitoring.js"),
      },
      {
        words: ["monitoring", "export"],
        summary: "write rules and dashboards for a Prometheus of your own",
        load: () => import("./monitoring-export.js"),
      },
      {
        words: ["env"],
        summary: "print shell exports, so that plain pulumi works",
        load: () => import("./env.js"),
      },
      {
        words: ["completion"],
        summary: "complete commands and names in bash, zsh or fish",
        load: () => import("./completion.js"),
      },
      {
        words: ["preview", "comment"],
        summary: "write previews into a pull request; for workflows",
        load: () => import("./preview-comment.js"),
      },
    ],
  },
];

export const commands: readonly CommandEntry[] = sections.flatMap((section) => section.commands);
