import { pulumiLine } from "../../../site/plain-pulumi";
import { existsSync } from "node:fs";
import type { Journal } from "../engine/journal";
import { describeOpen } from "../engine/kinds";
import type { Session } from "../engine/session";
import { locksOf, lockWords } from "../steps/state/pulumi-lock";
import { openStateAccess } from "../steps/state/state-access";
import { begunSteps, type LeftFact, look } from "./left";

/** What an operation on a stack or its state leaves behind: Pulumi's lock and files here are looked at, the rest is named. */
export async function stackFacts(session: Session, journal: Journal): Promise<LeftFact[]> {
  const begun = begunSteps(journal);
  if (begun.length === 0) return [];
  const done = begun.filter(({ isDone }) => isDone).map(({ path }) => path);
  const stopped = begun.filter(({ isDone }) => !isDone).map(({ path }) => `stopped in '${path}'`);
  const how = [...(done.length === 0 ? [] : [`has done ${done.join(", ")}`]), ...stopped].join(" and ");
  const { name } = session.environment;
  const { text } = describeOpen(journal.contents, session.environment);
  const facts = begun.map((step) => step.facts);
  const files = facts.flatMap(({ file }) => (typeof file === "string" ? [file] : []));
  return [
    {
      about: text.replace(/^an? /u, ""),
      is: `${how}; what that did stays, and was not looked at`,
      known: false,
      next: whereToLook[journal.contents.kind]?.(name) ?? `lifeboat status ${name}`,
    },
    ...files.map((file) => ({ about: `file ${file}`, is: existsSync(file) ? "stays" : "is gone", known: true })),
    ...(await lockFacts(
      session,
      facts.flatMap(({ lock }) => (typeof lock === "string" ? [lock] : [])),
    )),
  ];
}

/** By kind: the command that shows what it was at. Of the others `lifeboat status` knows most. */
const whereToLook: Readonly<Record<string, (environment: string) => string>> = {
  "restore-state": (environment) => `lifeboat restore state ${environment} --list`,
  "prune-state": (environment) => `lifeboat restore state ${environment} --list`,
  up: (environment) => `lifeboat up ${environment} --dry-run`,
};

/** It keeps every \`pulumi\` away from the stack. */
async function lockFacts({ environment, context }: Session, keys: readonly string[]): Promise<LeftFact[]> {
  if (keys.length === 0) return [];
  return look(`Pulumi's lock of ${environment.name}`, async () => {
    const locks = await locksOf(await openStateAccess(environment, context));
    return locks
      .filter(({ key }) => keys.includes(key))
      .map((lock) => ({
        about: `Pulumi's lock of ${environment.name}`,
        is: `stays: ${lockWords(lock)}`,
        known: true,
        next: pulumiLine(environment.name, "cancel --yes"),
      }));
  });
}
