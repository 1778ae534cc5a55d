import * as pulumi from "@pulumi/pulumi";
import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import { createProviders } from "../../../stacks/providers";
import { checkRestores, declareRestores } from "../../../stacks/restores";
import { environmentOf, exampleSettings } from "../../support/example-environment";
import { runProgram } from "../../support/pulumi-mocks";

const commandType = "command:local:Command";
const mocks = {
  [commandType]: () => ({ stdout: "{}", stderr: "" }),
  "pulumi:providers:proxmoxve": () => ({}),
  "proxmoxve:index/containerLegacy:ContainerLegacy": () => ({}),
  "proxmoxve:backup/job:Job": () => ({}),
  "proxmoxve:storage/directory:Directory": () => ({}),
};
const first = "node ../dist/lifeboat.cjs restore guest prod/web --request=2026-11-21-web --stop --force --json";
const urn = "urn:pulumi:prod::lifeboat::lifeboat:restores:RestoreFlow$command:local:Command::2026-11-21-web-restore";

function withRestores(restores: object) {
  return environmentOf({ ...exampleSettings(), restores });
}

const asked = withRestores({ "2026-11-22-web": { guest: "web" }, "2026-11-21-web": { guest: "web", stop: true } });

async function check(environment = asked, outputs = {}, preview = true): Promise<string[]> {
  const said: string[] = [];
  const info = jest.spyOn(pulumi.log, "info").mockImplementation(async (text) => void said.push(text));
  try {
    await runProgram(mocks, () => checkRestores(environment, { recorded: [], outputs }), { preview });
  } finally {
    info.mockRestore();
  }
  return said;
}

test("restores come after every guest, one after the other; without a request there is none [M2]", async () => {
  const { registrations } = await runProgram(mocks, async () =>
    declareGuestsAndBackups({
      environment: asked,
      providerFor: createProviders(asked, "lifeboat@pve!deploy=not-a-secret-1"),
      checkNewStorage: async () => undefined,
      declareRestores,
    }),
  );
  const flows = registrations.filter(({ type }) => type === "lifeboat:restores:RestoreFlow");
  expect(flows.map(({ name }) => name)).toEqual(["2026-11-21-web", "2026-11-22-web"]);
  const commands = registrations.filter(({ type }) => type === commandType);
  expect(commands.map(({ inputs }) => inputs["create"])).toEqual([first, expect.stringContaining("2026-11-22-web")]);
  expect(flows[0]?.dependsOn).toEqual(expect.arrayContaining(["web-container", "backup-storage"]));
  expect(flows[1]?.dependsOn).toContain("2026-11-21-web-restore");
});

test("a preview says what will be restored, and an update carries out without words; what is done is not told [M2]", async () => {
  expect(await check()).toEqual([
    `Restore request 2026-11-21-web will be carried out by the update: ${first}`,
    expect.stringContaining("Restore request 2026-11-22-web will be carried out by the update: "),
  ]);
  expect(await check(asked, { [urn]: { create: first } })).toEqual([
    expect.stringMatching(/^Restore request 2026-11-22-web /u),
  ]);
  expect(await check(asked, {}, false)).toEqual([]);
});

test("a request that was carried out and is another one now is refused, by a preview as well [M2]", async () => {
  const changed = withRestores({ "2026-11-21-web": { guest: "web", stop: true, at: "2026-11-20" } });
  await expect(check(changed, { [urn]: { create: first } })).rejects.toThrow(
    `Unable to deploy prod: restore request 2026-11-21-web was carried out as it was before, and is not carried out again; put it back, or ask for another restore under a new id\nHINT: it was: ${first}`,
  );
});

test("settings: a request names a guest, by its own keys; a day without quotes is no time [A6, M2]", () => {
  const wrong = { x: { guest: "wbe", at: "2026-11-20 00:00:00 +0000 UTC", force: true } };
  expect(() => withRestores(wrong)).toThrow(/restores\.x\.guest: there is no guest wbe/u);
  expect(() => withRestores(wrong)).toThrow(
    /restores\.x\.at: not a time .*allowed: a day \(its end\) or a time, in quotes/u,
  );
  expect(() => withRestores(wrong)).toThrow(/restores\.x\.force: unknown key/u);
});
