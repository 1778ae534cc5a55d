import { GuestUnreachable } from "../../../../../scripts/clients/guest-shell";
import { type CopyKeys, keysOfCopy } from "../../../../../scripts/recovery/drill/copy-keys";

const silent = () => Promise.reject(new GuestUnreachable("QEMU guest agent is not running"));

const keys = (known: Partial<CopyKeys>) =>
  keysOfCopy({
    type: "qemu",
    pinned: ["ssh-ed25519 old"],
    onNode: async () => ["ssh-ed25519 new"],
    hasCloudInit: async () => true,
    ...known,
  });

test("a container's copy has its original's keys, and its node is asked only where none are known [G2, N6]", async () => {
  expect(await keys({ type: "lxc", onNode: silent })).toEqual(["ssh-ed25519 old"]);
  expect(await keys({ type: "lxc", pinned: [] })).toEqual(["ssh-ed25519 new"]);
});

test("cloud-init makes new keys in a machine's copy: those that its node reads count beside its original's [G2, N6]", async () => {
  expect(await keys({})).toEqual(["ssh-ed25519 old", "ssh-ed25519 new"]);
});

test("without an agent the original's keys count where nothing makes new ones, and else nobody knows them [G2, N6]", async () => {
  expect(await keys({ onNode: silent, hasCloudInit: async () => false })).toEqual(["ssh-ed25519 old"]);
  await expect(keys({ onNode: silent })).rejects.toThrow("agent is not running");
  await expect(keys({ onNode: () => Promise.reject(new Error("a defect")) })).rejects.toThrow("a defect");
});
