import { pulumiLine } from "../../../site/plain-pulumi";
import { isDeepStrictEqual } from "node:util";
import type { HaResource, ReplicationJob } from "../../../proxmox/api/answers";
import type { Finding, Step } from "../engine/step";
import { firewallLines } from "../steps/guest/firewall-lines";
import { membershipsOf, poolOf } from "../steps/guest/inspect-present";
import type { Membership } from "../steps/guest/inspection";
import { known } from "../steps/guest/known";
import type { RestorePlan } from "../steps/guest/plan";
import type { GuestWorld } from "../steps/guest/world";

/**
 * A backup holds neither jobs nor pools nor high availability, and deleting a guest may have taken it out of all of them:
 * what was there before is looked for afterwards (D14).
 */
export function checkMembership(plan: RestorePlan, { client }: GuestWorld): Step {
  const { target } = plan;
  return {
    id: "membership",
    title: "Check backup job, pool and high availability",
    does: `check that ${plan.guest} is in its backup job${plan.memberships.pool === undefined ? "" : " and pool"} again`,
    run: async () => {
      const { pool, highAvailability, replication, firewall } = plan.memberships;
      const looks: Look[] = [
        look(plan, "whether it is in its backup job", membershipsOf(client, target.vmid), missingInJobs),
        ...(pool === undefined
          ? []
          : [look(plan, "whether it is in its pool", poolOf(client, target.vmid), missingPool)]),
        ...(highAvailability === undefined
          ? []
          : [
              look(plan, "whether high availability manages it", client.cluster.haResources(), missingHighAvailability),
            ]),
        ...(replication === undefined || replication.length === 0
          ? []
          : [look(plan, "whether it is replicated", client.cluster.replicationJobs(), missingReplication)]),
        ...(firewall === undefined
          ? []
          : [look(plan, "whether its firewall is as it was", firewallLines(client, target), changedFirewall)]),
      ];
      return { findings: [...(await Promise.all(looks)).flat(), ...elsewhere(plan), ...inNoSettings(plan)] };
    },
  };
}

type Look = Promise<Finding[]>;

/** What could not be read is told as that: nobody mends what is not missing. */
async function look<Answer>(
  plan: RestorePlan,
  what: string,
  answer: Promise<Answer>,
  findings: (plan: RestorePlan, answer: Answer) => Finding[],
): Look {
  const found = await known(what, answer);
  if (found.unread === undefined) return findings(plan, await answer);
  return [todo(`${plan.guest}: ${found.unread}`, `lifeboat doctor ${plan.environment}`)];
}

function missingInJobs(plan: RestorePlan, present: readonly Membership[] | undefined): Finding[] {
  if (present === undefined) {
    return [
      {
        severity: "todo",
        text: "the token may not read backup jobs: whether the guest is in its job is not known",
        mend: "lifeboat doctor",
      },
    ];
  }
  return plan.memberships.jobs.flatMap((expected) => {
    const { job } = expected;
    const now = present.find((membership) => membership.job === job);
    if (now === undefined) return [todo(`${plan.guest} is not in backup job ${job}`, intoJob(plan, expected))];
    const missing = Object.entries(expected.disks).filter(([disk, included]) => included && now.disks[disk] !== true);
    return missing.map(([disk]) =>
      todo(`backup job ${job} leaves out ${disk} of ${plan.guest}`, intoBackup(plan, disk, expected)),
    );
  });
}

function missingPool({ memberships, guest, target, environment }: RestorePlan, present: string | undefined): Finding[] {
  const { pool, poolIsDeclared } = memberships;
  if (pool === undefined || pool === present) return [];
  const mend = poolIsDeclared === false ? `pveum pool modify ${pool} --vms ${target.vmid}` : pulumiUp(environment);
  return [todo(`${guest} is not in pool ${pool}`, mend)];
}

function missingHighAvailability({ memberships, guest }: RestorePlan, resources: readonly HaResource[]): Finding[] {
  const { highAvailability: expected, highAvailabilityOptions: options = "" } = memberships;
  if (expected === undefined || resources.some(({ sid }) => sid === expected)) return [];
  const mend = `ha-manager add ${expected} ${options}`.trimEnd();
  return [todo(`${guest} is not managed by high availability any more`, mend)];
}

function missingReplication({ memberships, guest }: RestorePlan, jobs: readonly ReplicationJob[]): Finding[] {
  const { replication: expected = [] } = memberships;
  return expected
    .filter(({ id }) => !jobs.some((job) => job.id === id))
    .map(({ id, target }) =>
      todo(`${guest} is not replicated to ${target} any more`, `pvesr create-local-job ${id} ${target}`),
    );
}

/** The archive's rules have replaced those of the guest, and nobody could read them before. */
function changedFirewall({ memberships, guest, target }: RestorePlan, now: readonly string[]): Finding[] {
  const { firewall: before = [] } = memberships;
  const mend = `in Proxmox: container ${target.vmid}, Firewall`;
  const lost = before.filter((line) => !now.includes(line));
  const brought = now.filter((line) => !before.includes(line));
  if (lost.length === 0 && brought.length === 0) {
    return isDeepStrictEqual(before, now) ? [] : [todo(`the firewall rules of ${guest} have another order`, mend)];
  }
  return [
    ...lost.map((line) => todo(`firewall '${line}' of ${guest} is gone: the archive has no such line`, mend)),
    ...brought.map((line) => todo(`firewall '${line}' of ${guest} is back from the archive`, mend)),
  ];
}

/** What Pulumi declared, Pulumi mends; it must look first, since its state still shows what was there. */
function pulumiUp(environment: string): string {
  return pulumiLine(environment, "up --refresh");
}

type ExpectedJob = RestorePlan["memberships"]["jobs"][number];

/** A job that somebody made by hand is changed by hand: its list of guests is its owner's. */
function intoJob({ environment, target }: RestorePlan, { job, declared }: ExpectedJob): string {
  return declared === false
    ? `in Proxmox: Datacenter, Backup, job ${job}: select ${target.vmid} again`
    : pulumiUp(environment);
}

/** Whether a disk is backed up is said at the guest; Pulumi says it for guests of the declared job. */
function intoBackup({ environment, target }: RestorePlan, disk: string, { declared }: ExpectedJob): string {
  return declared === false
    ? `in Proxmox: container ${target.vmid}, Resources, ${disk}: Backup`
    : pulumiUp(environment);
}

function todo(text: string, mend: string): Finding {
  return { severity: "todo", text, mend };
}

/** What has left the settings is in none of their jobs. */
function inNoSettings({ left, guest, target, environment }: RestorePlan): Finding[] {
  if (left === undefined) return [];
  const text = `${guest} is in no settings: no job of theirs backs it up`;
  return [todo(text, `lifeboat adopt ${environment}/${target.vmid}`)];
}

/** Pulumi would look for the guest where the settings have it, and make it there anew. */
function elsewhere({ declaredNode, guest, target, environment }: RestorePlan): Finding[] {
  if (declaredNode === undefined) return [];
  const text = `the settings of ${environment} place ${guest} on ${declaredNode}, and it is on ${target.node} now`;
  return [
    {
      severity: "todo",
      text,
      mend: `set 'node: ${target.node}' for ${guest} in Pulumi.${environment}.yaml before the next pulumi up`,
    },
  ];
}
