import type { HaResource } from "../../../proxmox/api/answers";
import { hasLeft } from "../../../site/left-guest";
import type { Environment, Guest } from "../../../site/settings/environment";
import type { Membership } from "../steps/guest/inspection";
import type { RestorePlan } from "../steps/guest/plan";
import type { RestoreInspection } from "./inspect";

/** What the guest was in before; what the settings say where it is lost, and nobody knows. */
export function membershipsExpected(
  environment: Environment,
  { guest, present, memberships, surroundings }: RestoreInspection,
): RestorePlan["memberships"] {
  const declaredPool = guest.kind === "adopted" ? undefined : guest.pool;
  const pool = present === undefined ? declaredPool : present.pool;
  const resource = present?.highAvailability;
  return {
    jobs: mergeJobs(environment.backup.jobId, declaredMembership(environment, guest), memberships ?? []),
    ...(pool === undefined ? {} : { pool, poolIsDeclared: pool === declaredPool }),
    ...(surroundings === undefined
      ? {}
      : {
          ...(surroundings.firewall === undefined ? {} : { firewall: [...surroundings.firewall] }),
          replication: surroundings.replication.map(({ id, target }) => ({ id, target })),
        }),
    ...(resource === undefined ? {} : { highAvailability: resource.sid, highAvailabilityOptions: haOptions(resource) }),
  };
}

function haOptions({ state, group }: HaResource): string {
  return [...(state === undefined ? [] : ["--state", state]), ...(group === undefined ? [] : ["--group", group])].join(
    " ",
  );
}

function mergeJobs(
  jobId: string,
  declared: Membership | undefined,
  present: readonly Membership[],
): RestorePlan["memberships"]["jobs"] {
  const missing = declared !== undefined && !present.some(({ job }) => job === declared.job) ? [declared] : [];
  return [...missing, ...present].map(({ job, disks }) => ({ job, disks: { ...disks }, declared: job === jobId }));
}

function declaredMembership({ backup }: Environment, guest: Guest): Membership | undefined {
  if (guest.optOut !== undefined || hasLeft(guest)) return undefined;
  if (guest.kind === "adopted") return { job: backup.jobId, disks: {} };
  if (guest.kind === "virtual-machine") {
    const included = guest.disks.map(({ key, optOut }) => [key, optOut === undefined] as const);
    return { job: backup.jobId, disks: Object.fromEntries(included) };
  }
  const disks = guest.disks.map(
    (disk, index) => [`mp${index}`, disk.kind === "volume" && disk.optOut === undefined] as const,
  );
  return { job: backup.jobId, disks: { rootfs: true, ...Object.fromEntries(disks) } };
}
