import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { howToVerify, tellVerification } from "../../../../site/restore/server-verification";
import { datastoreOf, verificationOf } from "../../../recovery/steps/guest/server-snapshot";
import type { ListedArchive } from "./listed";
import type { MomentOn } from "./node-clocks";
import { type ArchiveVerifier, type Checked, unseen } from "./verifier";

/**
 * Snapshots on a backup server, which verifies them itself: every chunk by its SHA-256. What it has found is asked for; to begin a
 * verification Proxmox VE has no call.
 */
export class ServerVerifier implements ArchiveVerifier {
  readonly isRecorded = false;

  constructor(
    private readonly client: ProxmoxClient,
    private readonly momentOn: MomentOn,
  ) {}

  async verify({ archive }: ListedArchive): Promise<Checked> {
    const found = verificationOf(archive);
    const { timeZone } = await this.momentOn(archive.node);
    if (found.state === undefined) {
      const how = howToVerify(await datastoreOf(this.client, archive.volid));
      return unseen(`${tellVerification(found, timeZone)} (${how})`);
    }
    const told = tellVerification(found, timeZone);
    if (found.state !== "ok") return { verdict: { kind: "damaged", problems: [told] } };
    if (archive.size === undefined) {
      return { verdict: { kind: "doubtful", problems: [`${told}, but tells no size of it now: it may not be whole`] } };
    }
    return { verdict: { kind: "whole", problems: [] } };
  }
}
