import * as pulumi from "@pulumi/pulumi";
import { RestoreFlow, type RestoreFlowArgs } from "../../../components/restores/restore-flow";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const commandType = "command:local:Command";
const mocks = { [commandType]: () => ({ stdout: '{"guest":"prod/web"}\n', stderr: "" }) };
const id = "2026-11-21-web";

async function declare(other: Partial<RestoreFlowArgs> = {}, name = id) {
  const program = await runProgram(mocks, () => new RestoreFlow(name, { guest: "web", ...other }));
  return { ...program, child: find(program.registrations, commandType) };
}

async function commandOf(other: Partial<RestoreFlowArgs>): Promise<unknown> {
  return (await declare(other)).child.inputs["create"];
}

describe("RestoreFlow", () => {
  test("is one command: the command line with the request's id, and nothing secret, nothing at its deletion [M2, K1]", async () => {
    const { child } = await declare();
    expect(child).toMatchObject({ name: `${id}-restore`, parent: id, protect: false, secretOutputs: ["stderr"] });
    expect(child.inputs).toEqual({
      create: `lifeboat restore guest prod/web --request=${id} --force --json`,
      update: `printf '%s\\n' 'restore request ${id} was carried out as it was before, and is not carried out again; put it back, or ask for another restore under a new id' >&2; exit 1`,
      addPreviousOutputInEnv: false,
      logging: "stderr",
    });
  });

  test("hands over every wish, and each consent only where it is declared [M2, D4]", async () => {
    expect(await commandOf({ stop: false, acceptLoss: false, withoutSavePoint: false })).toBe(
      `lifeboat restore guest prod/web --request=${id} --force --json`,
    );
    const wishes = { at: "2026-11-20 03:00", targetId: "901", reuseId: 901, node: "pve2", storage: "data" };
    const consents = { stop: true, acceptLoss: true, withoutSavePoint: true, checkTimeout: "5m" };
    expect(await commandOf({ ...wishes, ...consents, environment: "lab", program: "npx lifeboat" })).toBe(
      `npx lifeboat restore guest lab/web '--at=2026-11-20 03:00' --target-id=901 --reuse-id=901 --node=pve2 --storage=data --request=${id} --check-timeout=300 --stop --accept-loss --without-save-point=web --force --json`,
    );
    const archive = "pbs:backup/ct/101/2026-11-20T01:00:00Z";
    expect(await commandOf({ archive, targetId: "next" })).toContain(` --archive=${archive} --target-id=next `);
  });

  test("outputs the report [M2]", async () => {
    expect(await valueOf((await declare()).result.report)).toBe('{"guest":"prod/web"}');
  });

  test("takes a guest's name that comes later [M2]", async () => {
    expect(await commandOf({ guest: pulumi.output(Promise.resolve("db")) })).toContain(" prod/db ");
  });

  test("refuses what a shell could read otherwise, and what excludes each other, before anything is registered [A6, M2]", async () => {
    const wrong = { guest: "web; reboot", at: "2026-11-20'", archive: "backup:backup/$(x).tar", targetId: "soon" };
    const declaring = runProgram(mocks, () => new RestoreFlow("a b", wrong));
    await expect(declaring).rejects.toThrow(/^Unable to declare restore a b: 6 problems\n/u);
    await expect(
      runProgram(mocks, () => new RestoreFlow(id, { guest: "web", targetId: "next", reuseId: 901 })),
    ).rejects.toThrow("reuseId: targetId next takes an unused id");
  });
});
