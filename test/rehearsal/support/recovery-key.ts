import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { KeyPair } from "../../../site/settings/environment";
import { typeScript } from "./commands";
import { type DemoSite, expectExit } from "./demo-site";

const answers = z.array(z.object({ ok: z.unknown().optional(), error: z.string().optional() }));
const denied = { error: "AccessDenied" };

/** What a key to the bucket of a guest's WAL can do, at the real server: look, write, and hide what it may delete. */
export async function expectOwnBucketOnly(
  site: DemoSite,
  store: { readonly endpoint: string; readonly ca: string },
  key: KeyPair,
): Promise<void> {
  const file = join(site.folder, "recovery-requests.json");
  const bucket = { Bucket: key.accessKey.replace("@", "-") };
  const ask = async (...requests: (readonly [string, object])[]) => {
    writeFileSync(file, JSON.stringify({ ...store, ...key, requests }), { mode: 0o600 });
    const program = [process.execPath, ...typeScript("test/rehearsal/support/s3-requests.ts")];
    const { stdout } = expectExit(await site.inside(...program, file), [0], "requests");
    return answers.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  };
  const Key = "marker";
  const [put, gone] = await ask(["put", { ...bucket, Key, Body: "before" }], ["delete", { ...bucket, Key }]);
  expect(gone).toEqual({ ok: null });
  const VersionId = z.object({ ok: z.string() }).parse(put).ok;
  const [kept, ...refused] = await ask(
    ["get", { ...bucket, Key, VersionId }],
    ["delete", { ...bucket, Key, VersionId }],
    ["suspend", bucket],
    ["expire", bucket],
    ["list", { Bucket: "lifeboat-state-prod" }],
    ["put", { Bucket: "lifeboat-state-prod", Key, Body: "x" }],
  );
  expect(kept).toEqual({ ok: "before" });
  expect(refused).toEqual(refused.map(() => denied));
}
