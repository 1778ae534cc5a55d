import { createServer } from "node:http";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { offsiteReaderPolicy, writerPolicy } from "../../../site/offsite/policies";
import { checkpointOf, parseCheckpoint } from "../../../site/state/checkpoint";
import { foreignParts } from "../../../site/state/foreign-parts";
import { ownAddresses } from "../../../site/state/own-addresses";
import { environmentOf } from "../../support/example-environment";
import { tarOf } from "../support/archives";
import { makeIdentity } from "../support/minio-admin";
import { firstUseLimit } from "../support/toolchain";
import { attacks } from "./offsite-bucket/attacks";
import { copiedDumps } from "./offsite-bucket/copied-dumps";
import { bucket, FarBucket, md5, reader, root, writer } from "./offsite-bucket/far-bucket";

// The bucket elsewhere on a real MinIO, made by a real `pulumi up` with the plugin of AWS, and what somebody can do to it who has a
// guest's key.
const far = new FarBucket();
const { project } = far;

jest.setTimeout(10 * 60_000);

beforeAll(() => far.start(), firstUseLimit);

afterAll(() => far.stop());

test("pulumi up makes it with the plugin of AWS, and has nothing to do a second time [J1, 000 CA11.3]", async () => {
  await far.pulumi("up", "--yes", "--skip-preview");
  await far.pulumi("preview", "--expect-no-changes");
  await far.pulumi("preview", "--refresh", "--expect-no-changes");
  expect(await far.settingAt("versioning")).toContain("<Status>Enabled</Status>");
  expect(await far.settingAt("object-lock")).toMatch(/<Mode>COMPLIANCE<\/Mode><Days>30<\/Days>/u);
  const rules = await far.settingAt("lifecycle");
  expect(rules).toMatch(/<NoncurrentDays>30<\/NoncurrentDays>/u);
  expect(rules).toMatch(/<Prefix>dumps\/<\/Prefix>/u);
  for (const [key, policy] of [
    [writer, writerPolicy(bucket, "minio")],
    [reader, offsiteReaderPolicy(bucket, "minio")],
  ] as const) {
    await makeIdentity(far.endpoint, root, key, policy);
  }
});

test("a state that says another service sends it what is sealed, as the name of a key: it is named before [J1, N2]", async () => {
  const heard: string[] = [];
  const evil = createServer((request, response) => {
    heard.push(request.headers.authorization ?? "");
    response.writeHead(403).end();
  });
  await once(evil.listen(0, "127.0.0.1"), "listening");
  const bound = evil.address();
  const elsewhere = `http://127.0.0.1:${String(typeof bound === "object" ? bound?.port : "")}`;
  const addresses = ownAddresses(environmentOf(far.settings(), "prod"));
  const partsIn = (text: string) => {
    const state = parseCheckpoint(checkpointOf(text, "organization/far/prod"));
    return foreignParts(state, { project: "far", stack: "prod" }, addresses, undefined);
  };
  const text = await far.pulumi("stack", "export");
  expect(partsIn(text)).toEqual([]);
  const secret = /"secretKey": (\{[^}]*\})/u.exec(text)?.[1] ?? "";
  const forged = text
    .replaceAll(far.endpoint, elsewhere)
    .replaceAll(/("accessKey": )\{[^}]*\}/gu, (_, name: string) => name + secret);
  try {
    writeFileSync(join(project, "forged.json"), forged);
    await far.pulumi("stack", "import", "--file", join(project, "forged.json"));
    await expect(far.pulumi("preview", "--refresh")).rejects.toThrow("Forbidden");
    // So does Pulumi by itself, with what only the passphrase opens.
    expect(heard.join(" ")).toContain(`Credential=${root.secretKey}/`);
    expect(partsIn(await far.pulumi("stack", "export"))).toEqual([
      {
        urn: "urn:pulumi:prod::far::pulumi:providers:aws::offsite",
        why: `it speaks to another service than that of the settings, ${far.endpoint}`,
      },
    ]);
  } finally {
    writeFileSync(join(project, "own.json"), text);
    await far.pulumi("stack", "import", "--file", join(project, "own.json"));
    evil.closeAllConnections();
    evil.close();
  }
});

test("a stack that has lost its state takes the bucket in again, with what is in it [F1, J1]", async () => {
  const kept = await far.copied("dumps/prod/web/taken-in");
  await far
    .pulumi("state", "delete", "--all", "--force", "--yes")
    .catch(() => far.pulumi("stack", "rm", "--force", "--yes", "--preserve-config"));
  await far.pulumi("stack", "select", "prod", "--create");
  await far.pulumi("up", "--yes", "--skip-preview");
  await far.pulumi("preview", "--expect-no-changes");
  expect(await far.versionsOf("dumps/prod/web/taken-in")).toEqual([kept]);
});

describe("whoever has a guest and its key", () => {
  attacks(far);
});

describe("a dump that was copied", () => {
  copiedDumps(far);
});

// What MinIO leaves open (docs/guides/offsite.md): red when it does so no longer. AWS and OVH unpack no archives.
test("can write into a locked version by an archive that MinIO unpacks: open, unless a proxy refuses its header [J1, N1]", async () => {
  const key = "dumps/prod/web/archive";
  const { id } = await far.copied(key);
  const body = tarOf(key, "forged", { "minio.versionId": id });
  const headers = { "x-amz-meta-snowball-auto-extract": "true", ...md5(body) };
  expect(await far.ask(writer, { method: "PUT", path: `/${bucket}/any.tar`, headers, body })).toBe("200");
  expect((await far.versionsOf(key)).map(({ content }) => content)).toEqual(["forged"]);
});
