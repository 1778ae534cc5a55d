import type { ProxmoxClient } from "../../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../../proxmox/api/errors";
import type { ListedArchive } from "../../../../../scripts/inspect/verify/archives/listed";
import { remember } from "../../../../../scripts/inspect/verify/archives/remember";

const volid = "backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";
const listed = { archive: { node: "pve", volid }, record: undefined } as unknown as ListedArchive;
const found = { sha256: undefined, damage: "it is cut off" };

/** Proxmox tells nothing of an archive, and lists these. */
function rememberWith(archives: () => Promise<{ volid: string }[]>) {
  const details = { endpoint: "https://pve:8006", request: "GET /nodes/pve/storage", status: 500 };
  const reason = `volume_size_info on '${volid}' failed - no format`;
  const archiveDetails = () => Promise.reject(new ProxmoxError("gone", { ...details, reason }));
  return remember({ backups: { archiveDetails, archives } } as unknown as ProxmoxClient, listed, found, 1);
}

test("damage of a file that Proxmox cannot look at is told as long as it lists it, or lists nothing: only what is not listed any more was removed [K6, G1]", async () => {
  const told = { record: { damage: "it is cut off" }, notRecorded: expect.stringContaining("no format") };
  expect(await rememberWith(() => Promise.resolve([{ volid }]))).toMatchObject(told);
  const lost = new ProxmoxError("failed", { endpoint: "", request: "", reason: "storage 'backup' is not online" });
  expect(await rememberWith(() => Promise.reject(lost))).toMatchObject(told);
  expect(await rememberWith(() => Promise.resolve([]))).toBe("gone");
});
