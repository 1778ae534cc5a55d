import type { KeyPair } from "../../../site/settings/environment";
import type { ObjectStore } from "../../clients/object-store/object-store";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type RotateKeysPlan, settingsFiles } from "./plan";
import { bucketOf, keyOf, keysNow, type RotationSession } from "./world";

/**
 * Proves that every new key does what it is for: that of the environment writes, lists, reads and removes an object of its
 * own, a reader reads the same one, and the copier looks into every bucket.
 *
 * @throws CommandError (13) where the settings hold another key meanwhile, StoreError where the store refuses one
 */
export async function proveKeys(plan: RotateKeysPlan, session: RotationSession): Promise<void> {
  const keys = await keysNow(session);
  const { environment } = plan;
  const found = plan.keys.map(({ role, next }) => ({ role, next, key: keyOf(keys, environment, role) }));
  const of = (wanted: string): KeyPair | undefined => found.find(({ role }) => role === wanted)?.key;
  for (const { next, key } of found) if (key?.accessKey !== next) throw otherKeys(plan);
  const own = await bucketOf(session, environment, of("environment"));
  await proveOwn(own, await bucketOf(session, environment, of("reader")), plan);
  const copier = of("copier");
  if (copier === undefined) return;
  for (const name of Object.keys(keys.identities)) await (await bucketOf(session, name, copier)).list(".pulumi/");
}

async function proveOwn(own: ObjectStore, reader: ObjectStore, { keys }: RotateKeysPlan): Promise<void> {
  const name = `.lifeboat/keys/${keys[0]?.next ?? "new"}`;
  const content = Buffer.from("The key that wrote this works.\n");
  await own.write(name, content);
  const seen = (await own.list(name)).map(({ key }) => key);
  const isRead = (await own.read(name)).equals(content) && (await reader.read(name)).equals(content);
  await own.remove(name);
  if (seen.includes(name) && isRead) return;
  throw new CommandError(`what a new key wrote is not what the store gives (${own.place})`, {
    exitCode: exitCodes.unavailable,
  });
}

/** Somebody has put other settings in their place since: nothing is removed by them. */
export function otherKeys(plan: RotateKeysPlan): CommandError {
  const { environment } = plan;
  return new CommandError(
    `the settings do not hold the new keys any more: ${settingsFiles(plan)} changed since they were written`,
    {
      exitCode: exitCodes.refused,
      hint: `put them back as this command wrote them; or give this up, and begin again: lifeboat abandon ${environment}`,
    },
  );
}
