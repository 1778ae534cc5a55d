import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { pinHostKeys } from "../../../scripts/clients/host-keys";
import { siteFolderName } from "../../../scripts/machine/state-home";
import { boundKey, fingerprintOf, guestAlias } from "../../../site/host-keys";
import { hostKeyNow, hostKeySource, hostKeyVariable, type KeyedGuest, settleHostKey } from "../../../stacks/host-key";
import type { Recorded } from "../../../stacks/recorded";
import { environmentOf } from "../../support/example-environment";
import { storeSettings } from "../../support/example-store";
import { runProgram, valueOf } from "../../support/pulumi-mocks";

const { PATH = "", XDG_STATE_HOME: home } = process.env;
const own = "ssh-ed25519 AAAAown";
const another = "ssh-ed25519 AAAAanother";
const ecdsa = "ecdsa-sha2-nistp256 AAAAecdsa";
const rsa = "ssh-rsa AAAArsa";
const mac = "BC:24:11:00:00:01";
const urn = "urn:pulumi:prod::lifeboat::lifeboat:stateStore:HostKey::state-store";
let folder: string;
let told: string[];

beforeEach(() => {
  told = [];
  folder = mkdtempSync(join(tmpdir(), "lifeboat-host-key-"));
  process.env["PATH"] = `${folder}:/usr/bin:/bin`;
  process.env["XDG_STATE_HOME"] = folder;
  jest.spyOn(pulumi.log, "info").mockImplementation(async (message) => void told.push(message));
});

afterEach(() => {
  process.env["PATH"] = PATH;
  if (home === undefined) delete process.env["XDG_STATE_HOME"];
  else process.env["XDG_STATE_HOME"] = home;
  delete process.env[hostKeyVariable];
  rmSync(folder, { recursive: true, force: true });
  jest.restoreAllMocks();
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Whoever answers at the address has these keys, in the order in which `ssh-keyscan` prints them. */
function answering(...keys: string[]): void {
  const lines = keys.map((key) => `echo '192.0.2.132 ${key}'`);
  program("ssh-keyscan", ["echo '# 192.0.2.132:22 SSH-2.0-OpenSSH_9.2' >&2", ...lines].join("\n"));
}

const refused = () => Promise.reject(new Error("ssh root@192.0.2.13: no answer in time"));

function settle(more: Partial<KeyedGuest> = {}): Promise<string> {
  const guest = { name: "store", id: 302, address: "192.0.2.132", environment: "monitoring" };
  const nothing = { recorded: undefined, onNode: undefined, consented: undefined, isMute: async () => false };
  const made = { isNew: true, knownHere: [] };
  return settleHostKey({ ...guest, ...nothing, ...made, ...more });
}

test("a guest that this run makes is trusted on first use, by the best key that can be pinned, and that is told [N3]", async () => {
  answering(rsa, ecdsa, own);
  await expect(settle()).resolves.toBe(own);
  expect(told).toEqual([
    expect.stringContaining(`store at 192.0.2.132 is trusted on first use, and recorded: ${fingerprintOf(own)}`),
  ]);
});

test("a guest that was there before is not: whoever writes the state may have taken its key out of it [N3]", async () => {
  answering(another);
  const shown = fingerprintOf(another);
  await expect(settle({ isNew: false })).rejects.toThrow(
    `Unable to log in to store (302) at 192.0.2.132: its host key is not known, and its node cannot be asked: lifeboat:proxmox has no ssh; nothing was sent to it\nHINT: let the node answer (ssh in lifeboat:proxmox); or compare ${shown} with its key on its console`,
  );
  await expect(settle({ isNew: false, consented: shown })).resolves.toBe(another);
  expect(told).toEqual([]);
});

test("a guest that was there before is known by what this machine has recorded for it [N3]", async () => {
  answering(another, own);
  await expect(settle({ isNew: false, knownHere: [own] })).resolves.toBe(own);
  answering(another);
  await expect(settle({ isNew: false, knownHere: [own] })).rejects.toThrow("its host key is not known");
});

test("the key of the state stays, whatever better one is shown besides, and also while nobody answers [N3]", async () => {
  answering(ecdsa, own);
  await expect(settle({ recorded: ecdsa, onNode: refused })).resolves.toBe(ecdsa);
  answering();
  await expect(settle({ recorded: ecdsa, onNode: refused })).resolves.toBe(ecdsa);
  expect(told).toEqual([]);
});

test("a guest that takes the connection and says nothing ends the update: the provider would wait without end [N7]", async () => {
  answering();
  await expect(settle({ recorded: own, isMute: async () => true })).rejects.toThrow(
    "Unable to log in to store (302) at 192.0.2.132: it takes connections to port 22 and says nothing\nHINT: on its console: systemctl restart ssh",
  );
});

test("another key than that of the state is refused, with both and what to do; one run may be told to trust it [N3]", async () => {
  answering(another);
  const [shown, known] = [fingerprintOf(another), fingerprintOf(own)];
  await expect(settle({ recorded: own })).rejects.toThrow(
    `Unable to log in to store (302) at 192.0.2.132: whoever answers there shows the host key ${shown}, and that of the guest is ${known} by the state; nothing was sent to it\nHINT: another machine may have its address (ip neigh show 192.0.2.132); if the guest has a new key, compare it on its console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: LIFEBOAT_HOST_KEY=${shown} lifeboat up monitoring`,
  );
  await expect(settle({ recorded: own, consented: known })).rejects.toThrow("Unable to log in");
  await expect(settle({ recorded: own, consented: shown })).resolves.toBe(another);
});

describe("a node that can be asked", () => {
  test("says which key it is: it goes before first use, and before what was true earlier [N3]", async () => {
    answering(another, own);
    await expect(settle({ onNode: async () => [rsa, own] })).resolves.toBe(own);
    answering(another);
    await expect(settle({ recorded: own, onNode: async () => [another] })).resolves.toBe(another);
  });

  test("is believed, and no consent goes over it [N3]", async () => {
    answering(another);
    const consented = fingerprintOf(another);
    await expect(settle({ recorded: own, consented, onNode: async () => [rsa, own] })).rejects.toThrow(
      `shows the host key ${consented}, and that of the guest is ${fingerprintOf(own)} by its node; nothing was sent to it\nHINT: another machine may have its address (ip neigh show 192.0.2.132)`,
    );
  });

  test("and does not answer: that is no first use [N3]", async () => {
    answering(own);
    const why = "its node cannot be asked: ssh root@192.0.2.13: no answer in time; nothing was sent to it";
    await expect(settle({ onNode: refused })).rejects.toThrow(why);
    await expect(settle({ onNode: refused, consented: fingerprintOf(own) })).resolves.toBe(own);
    answering(another);
    await expect(settle({ recorded: own, onNode: refused })).rejects.toThrow("by the state");
  });
});

describe("in the program", () => {
  const environment = environmentOf(storeSettings(), "monitoring");

  const [guest] = environment.guests;

  async function keyIn(
    recorded: Partial<Recorded>,
    options: { preview?: boolean; address?: string; isNew?: boolean } = {},
  ) {
    const { preview = false, address = mac, isNew = false } = options;
    if (guest?.kind !== "container") throw new Error("the example is a container");
    const all = { outputs: {}, ...recorded };
    const keyed = { guest, name: "state-store", mac: address, isNew };
    const { result } = await runProgram({}, () => hostKeyNow(environment, all, keyed), { preview });
    return result;
  }

  test.each([
    ["without a key", {}],
    ["with the key of another network card", { hostKey: boundKey(own, "state-store", "BC:24:11:00:00:09") }],
    ["with what it keeps sealed for another guest", { hostKey: boundKey(own, "monitoring", mac), macAddress: mac }],
    ["with another of its sealed values", { hostKey: "not-a-secret-password", macAddress: mac }],
    ["with a key that is sealed for nobody", { hostKey: own, macAddress: mac }],
  ])(
    "a state %s makes no first use of a guest that was there before: this machine's file knows it, or nobody [N3]",
    async (_, outputs) => {
      answering(another);
      await expect(keyIn({ outputs: { [urn]: outputs } })).rejects.toThrow("its host key is not known");
      const { endpoint } = environment.proxmox;
      const file = join(folder, "lifeboat", siteFolderName("monitoring", endpoint), "known_hosts");
      pinHostKeys(file, { host: "192.0.2.132", port: 22, alias: guestAlias(guest?.id ?? 0) }, [another]);
      expect(await keyIn({ outputs: { [urn]: outputs } })).toBe(another);
    },
  );

  test("an update waits for it, and a preview goes on without it [N3]", async () => {
    answering(own);
    if (guest?.kind !== "container") throw new Error("the example is a container");
    const declare = () =>
      hostKeySource(environment, { outputs: {} }, { guests: [{ guest, occupant: { kind: "nobody" } }] })(
        guest,
        "state-store",
        pulumi.output(mac),
      );
    expect(await valueOf((await runProgram({}, declare)).result)).toBe(own);
    const { result } = await runProgram({}, declare, { preview: true });
    await expect(valueOf(result)).rejects.toThrow("never known");
  });

  const known = { outputs: { [urn]: { hostKey: boundKey(own, "state-store", mac) } } };

  test("a preview asks nobody, and takes the key of the same guest from the state [N3]", async () => {
    program("ssh-keyscan", `touch ${folder}/asked`);
    expect(await keyIn(known, { preview: true })).toBe(own);
    expect(await keyIn({}, { preview: true })).toBe(pulumi.unknown);
    expect(await keyIn(known, { preview: true, address: "BC:24:11:00:00:02" })).toBe(pulumi.unknown);
    expect(existsSync(join(folder, "asked"))).toBe(false);
  });

  test("a container that was made anew has a new key; a mere new answer at its address is none [N3]", async () => {
    answering(another);
    expect(await keyIn(known, { address: "BC:24:11:00:00:02", isNew: true })).toBe(another);
    await expect(keyIn(known)).rejects.toThrow("by the state");
    process.env[hostKeyVariable] = fingerprintOf(another);
    expect(await keyIn(known)).toBe(another);
  });

  test("a state that cannot be read is no state without a key [N3]", async () => {
    answering(another);
    await expect(keyIn({ recordedUnread: "unknown function" })).rejects.toThrow(
      "Unable to log in to store: which host key it has is in the state, which could not be read: unknown function",
    );
  });
});
