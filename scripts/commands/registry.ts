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
  state: "look after the state of an environment's stack",
};

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    words: ["up"],
    summary: "bring up every environment, and their states into the state store",
    load: () => import("./up.js"),
  },
  {
    words: ["status"],
    summary: "how old the newest backup of each guest is, and what is not covered",
    load: () => import("./status.js"),
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
    summary: "take a snapshot of a guest, without interrupting it",
    load: () => import("./backup-snapshot.js"),
  },
  {
    words: ["backup", "snapshots"],
    summary: "take every snapshot that is due by its schedule; for a timer",
    load: () => import("./backup-snapshots.js"),
  },
  {
    words: ["backup", "state"],
    summary: "copy the states of the stacks to a folder or another S3",
    load: () => import("./backup-state.js"),
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
    summary: "list earlier states of an environment, and go back to one",
    load: () => import("./restore-state.js"),
  },
  {
    words: ["undo"],
    summary: "take the last restore of a guest back",
    load: () => import("./undo.js"),
  },
  {
    words: ["adopt"],
    summary: "write guests that were made by hand into the settings",
    load: () => import("./adopt.js"),
  },
  {
    words: ["grow"],
    summary: "grow and add disks of a container, which keeps its data",
    load: () => import("./grow.js"),
  },
  {
    words: ["state", "prune"],
    summary: "remove old states of an environment's history",
    load: () => import("./state-prune.js"),
  },
  {
    words: ["verify"],
    summary: "read every state and check that it can be restored",
    load: () => import("./verify.js"),
  },
  {
    words: ["preview"],
    summary: "what pulumi up would do to each environment",
    load: () => import("./preview.js"),
  },
  {
    words: ["preview", "comment"],
    summary: "write previews into a comment of a pull request; for workflows",
    load: () => import("./preview-comment.js"),
  },
  {
    words: ["doctor"],
    summary: "check settings, nodes, certificates, token and privileges",
    load: () => import("./doctor.js"),
  },
  {
    words: ["rebuild", "state-store"],
    summary: "the state store is lost: make it again, with the states of a copy",
    load: () => import("./rebuild-state-store.js"),
  },
  {
    words: ["state", "fallback"],
    summary: "the state store does not answer: go on with a copy of a state on this machine",
    load: () => import("./state-fallback.js"),
  },
  {
    words: ["state", "return"],
    summary: "the state store answers again: bring the state back",
    load: () => import("./state-return.js"),
  },
  {
    words: ["state", "import-file"],
    summary: "where a state is lost everywhere: write what pulumi import takes into a new one",
    load: () => import("./state-import-file.js"),
  },
  {
    words: ["env"],
    summary: "print shell exports with which plain pulumi works",
    load: () => import("./env.js"),
  },
];
