import type { Command } from "./frame/command";

/** A verb, or a verb with its thing. Its file is loaded only when the command is the one that was asked for. */
export interface CommandEntry {
  /** Words of the command: `["restore", "guest"]`. */
  words: readonly string[];
  /** One line in the list of commands. */
  summary: string;
  /** Each file exports its declaration under the name `command`. */
  load: () => Promise<{ command: Command }>;
}

/** First words that stand for several commands, and what the list of commands says about them. */
export const groups: Readonly<Record<string, string>> = {
  restore: "bring something back",
  rebuild: "make something again that is lost",
  monitoring: "watch the site",
  state: "look after the state of an environment's stack",
};

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    words: ["up"],
    summary: "deploy every environment, and move states into the store",
    load: () => import("./up.js"),
  },
  {
    words: ["status"],
    summary: "age of each guest's newest backup, and what needs you",
    load: () => import("./status.js"),
  },
  {
    words: ["exporter"],
    summary: "metrics for Prometheus: what is really on the storages",
    load: () => import("./exporter.js"),
  },
  {
    words: ["backups"],
    summary: "list the backups of a guest",
    load: () => import("./backups.js"),
  },
  {
    words: ["backup"],
    summary: "back guests up now, with the options of their job",
    load: () => import("./backup.js"),
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
    words: ["snapshots"],
    summary: "list the snapshots of a guest",
    load: () => import("./snapshots.js"),
  },
  {
    words: ["restore", "guest"],
    summary: "bring a guest back from a backup, in place or beside it",
    load: () => import("./restore-guest.js"),
  },
  {
    words: ["restore", "snapshot"],
    summary: "roll a guest back to one of its snapshots",
    load: () => import("./restore-snapshot.js"),
  },
  {
    words: ["restore", "state"],
    summary: "list earlier states of an environment, or go back to one",
    load: () => import("./restore-state.js"),
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
    words: ["state", "prune"],
    summary: "remove old states from an environment's history",
    load: () => import("./state-prune.js"),
  },
  {
    words: ["verify"],
    summary: "check that every state can be read and restored",
    load: () => import("./verify.js"),
  },
  {
    words: ["preview"],
    summary: "show what pulumi up would do to each environment",
    load: () => import("./preview.js"),
  },
  {
    words: ["preview", "comment"],
    summary: "write previews into a pull request; for workflows",
    load: () => import("./preview-comment.js"),
  },
  {
    words: ["doctor"],
    summary: "check settings, nodes, certificates, token and privileges",
    load: () => import("./doctor.js"),
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
    words: ["state", "import-file"],
    summary: "make a file for pulumi import when a state is lost",
    load: () => import("./state-import-file.js"),
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
];
