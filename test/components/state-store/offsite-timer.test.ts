import { OffsiteTimer } from "../../../components/state-store/offsite-timer";
import { stateStoreTypes as types } from "../../../site/state-store/resource-names";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const hostKey = "ssh-ed25519 AAAAguest";
const mocks = { [types.offsite]: () => ({}) };
const remote = {
  endpoint: "https://192.0.2.132:9000",
  region: "us-east-1",
  accessKey: "copier",
  secretKey: "hidden-key",
};

async function declare(user = "root") {
  const args = {
    project: "shop",
    environments: [{ name: "prod", bucket: "lifeboat-state-prod" }],
    bucket: "copies",
    schedule: "04:15",
    authorities: ["PEM"],
    address: "192.0.2.132",
    login: { user, privateKey: "not-a-real-key", hostKey },
    remotes: { store: remote, offsite: remote },
  };
  return runProgram(mocks, () => new OffsiteTimer("state-store", args));
}

test("the copier is installed by a script on standard input: no secret is in a command or in plain state [E6]", async () => {
  const { registrations, result } = await declare();
  const { inputs, name, parent, deleteBeforeReplace } = find(registrations, types.offsite);
  expect({ name, parent }).toEqual({ name: "state-store-offsite", parent: "state-store" });
  expect(inputs).toMatchObject({ create: "sh -s", stdin: { secret: expect.stringContaining("hidden-key") } });
  const { stdin: _stdin, ...others } = inputs;
  expect(JSON.stringify(others)).not.toContain("hidden-key");
  // The removal of the old one would otherwise take away what has just been installed.
  expect(deleteBeforeReplace).toBe(true);
  expect(await valueOf(result.schedule)).toBe("04:15");
});

test("what the script prints is a secret: the official provider calls no output one [B2]", async () => {
  const { secretOutputs } = find((await declare()).registrations, types.offsite);
  expect(secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr", "connection"]));
});

test("it goes to the pinned host key alone; a container that was made anew has it installed again, and nothing is removed there [E6, N3]", async () => {
  const { registrations } = await declare();
  const { inputs } = find(registrations, types.offsite);
  expect(inputs["connection"]).toEqual({ secret: expect.objectContaining({ host: "192.0.2.132", hostKey }) });
  // Another one would be a replacement: the old state's key would be looked for, to remove what was there.
  expect(inputs["triggers"]).toBeUndefined();
});

test("another user than root goes through sudo, also to take it away", async () => {
  const { registrations } = await declare("admin");
  const { inputs } = find(registrations, types.offsite);
  expect(inputs["create"]).toBe("sudo -n sh -s");
  expect(inputs["delete"]).toMatch(/^sudo -n sh -c '/u);
});
