import { plainText } from "../../../../proxmox/api/plain-text";
import { type ArchiveVerifier, unseen } from "./verifier";

/** Snapshots on a backup server, which verifies them itself: every chunk by its SHA-256. */
export const serverVerifier: ArchiveVerifier = {
  isRecorded: false,
  verify: async ({ archive: { verification } }) => {
    if (verification === undefined) return unseen("the backup server has not verified it yet");
    if (verification.state === "ok") return { verdict: { kind: "whole", problems: [] } };
    const problem = `the backup server has verified it, and found: ${plainText(verification.state)}`;
    return { verdict: { kind: "damaged", problems: [problem] } };
  },
};
