import type { Archive } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { storageOf } from "../../../proxmox/rules/volume-ids";
import { requireSuccess } from "../../../proxmox/api/tasks";
import type { MeantGuest } from "../../../site/restore/identity";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Step } from "../engine/step";
import type { ForgetPlan } from "./plan";
import { requireWhole } from "./require-whole";
import { whyAnothers } from "./whose-save-point";

/** One step for each save point. Nothing takes them back: they commit from the first on. */
export function forgetSteps(plan: ForgetPlan, client: ProxmoxClient, meant: MeantGuest): Step[] {
  return plan.savePoints.map((savePoint, index) => forgetStep(plan, savePoint, stepId(index), { client, meant }));
}

/** @param index of the save point in the plan. */
export function stepId(index: number): string {
  return `delete-${index + 1}`;
}

function forgetStep(
  { environment, guest, vmid, ran = true }: ForgetPlan,
  { volid, node }: ForgetPlan["savePoints"][number],
  id: string,
  { client, meant }: { readonly client: ProxmoxClient; readonly meant: MeantGuest },
): Step {
  return {
    id,
    title: `Delete ${volid}`,
    does: `release the protection of ${volid} and delete it`,
    commits: true,
    run: async ({ signal, note }) => {
      const listed = await client.backups.archives(node, storageOf(volid), vmid);
      const archive = listed.find((one) => one.volid === volid);
      if (archive === undefined) return { facts: { deleted: false } };
      const why = await whyKept(client, { volid, node, archive }, vmid, meant);
      if (why !== undefined) {
        const text = `${volid} is left alone: ${why}`;
        return { facts: { deleted: false }, findings: [{ severity: "note", text }] };
      }
      // Another machine may have begun a restore since the plan was made, or since the last of them was deleted.
      await requireWhole(client, { node, vmid, guest, meant, selector: `${environment}/${guest}`, ran });
      note({ sent: true });
      await client.backups.setArchiveProtection(node, volid, false);
      requireSuccess(await client.tasks.wait(await client.backups.deleteArchive(node, volid), { signal }));
      return { facts: { deleted: true } };
    },
  };
}

/** What was read when it was planned may be long ago. */
async function whyKept(
  client: ProxmoxClient,
  { volid, node, archive }: { readonly volid: string; readonly node: string; readonly archive: Archive },
  vmid: number,
  meant: MeantGuest,
): Promise<string | undefined> {
  if (!isSavePoint(archive.notes ?? "")) return "its notes do not say any more that it is a save point";
  const { subtype: type } = archive;
  return type === undefined ? undefined : whyAnothers(client, { volid, node, type }, vmid, meant);
}
