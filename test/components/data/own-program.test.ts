import * as pulumi from "@pulumi/pulumi";
import { PostgresBackup, type PostgresBackupArgs } from "../../../components/data/postgres-backup";
import { dataCommandType as type } from "../../../site/data/resource-names";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const mocks = { [type]: () => ({}) };

/** What a program of somebody's own declares: no settings of Lifeboat's are anywhere. */
function declare(other: Partial<PostgresBackupArgs> = {}) {
  const args: PostgresBackupArgs = {
    address: "192.0.2.52",
    hostKey: "ssh-ed25519 AAAAguest",
    privateKey: "a PRIVATE KEY",
    password: "dump-password",
    keep: { daily: 7 },
    ...other,
  };
  return runProgram(mocks, () => new PostgresBackup("shop", args));
}

test("a source of data is declared in a program of one's own, whose outputs and secrets it takes [I1]", async () => {
  const plain = await declare();
  const outputs = await declare({
    address: pulumi.output(Promise.resolve("192.0.2.52")),
    hostKey: pulumi.output(Promise.resolve("ssh-ed25519 AAAAguest")),
    privateKey: pulumi.secret("a PRIVATE KEY"),
    password: pulumi.secret("dump-password"),
    keep: { daily: Promise.resolve(7) },
  });
  const command = find(plain.registrations, type);
  expect(find(outputs.registrations, type)).toEqual(command);
  expect(plain.registrations.map(({ name, type: token }) => [name, token])).toContainEqual([
    "shop",
    "lifeboat:data:PostgresBackup",
  ]);
  const { stdin, connection, ...open } = command.inputs;
  expect(stdin).toEqual({ secret: expect.stringContaining("\ndump-password\n") });
  expect(connection).toEqual({ secret: expect.objectContaining({ host: "192.0.2.52", user: "root" }) });
  expect(JSON.stringify(open)).not.toMatch(/dump-password|PRIVATE KEY/u);
  expect(await valueOf(plain.result.schedule)).toBe("03:00");
});

test("the id of a container leads to it through its node, and another mark has everything installed again [I1]", async () => {
  const { registrations } = await declare({ guestId: pulumi.output(502), sshUser: "admin", incarnation: "made once" });
  const { inputs } = find(registrations, type);
  expect(inputs["create"]).toMatch(/^if sudo -n pct status 502 /u);
  expect(inputs["triggers"]).toEqual(["made once"]);
});

test("all problems of what is plain are told at once, and nothing is registered [I1]", async () => {
  const message = await declare({ keep: { daily: 0 }, at: "sometimes", address: "a b" }).catch(String);
  expect(message).toContain("Unable to declare postgres backup shop: 3 problems");
  for (const path of ["address", "at", "keep"]) expect(message).toMatch(new RegExp(`^ *${path}: `, "mu"));
});
