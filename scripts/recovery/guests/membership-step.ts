import type { Finding, Step } from "../engine/step";
import { highAvailabilityOf, membershipsOf, poolOf } from "./inspect-present";
import type { Membership } from "./inspection";
import type { RestorePlan } from "./restore-plan";
import type { RestoreWorld } from "./world";

/**
 * A backup holds neither jobs nor pools nor high availability, and deleting a guest may have taken it out of all of them:
 * what was there before is looked for afterwards (D14).
 */
export function checkMembership(plan: RestorePlan, { client }: RestoreWorld): Step {
  const { target } = plan;
  return {
    id: "membership",
    title: "Check backup job, pool and high availability",
    does: `check that ${plan.guest} is in its backup job${plan.memberships.pool === undefined ? "" : " and pool"} again`,
    run: async () => {
      const jobs = await membershipsOf(client, target.vmid);
      const pool = await poolOf(client, target.vmid);
      const highAvailability = await highAvailabilityOf(client, target, target.vmid);
      return {
        findings: [
          ...missingInJobs(plan, jobs),
          ...missingPool(plan, pool),
          ...missingHighAvailability(plan, highAvailability?.sid),
          ...elsewhere(plan),
        ],
      };
    },
  };
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
    const now = present.find(({ job }) => job === expected.job);
    if (now === undefined) return [todo(plan, `${plan.guest} is not in backup job ${expected.job}`)];
    const missing = Object.entries(expected.disks).filter(([disk, included]) => included && now.disks[disk] !== true);
    return missing.map(([disk]) => todo(plan, `backup job ${expected.job} leaves out ${disk} of ${plan.guest}`));
  });
}

function missingPool(plan: RestorePlan, pool: string | undefined): Finding[] {
  const expected = plan.memberships.pool;
  return expected === undefined || expected === pool ? [] : [todo(plan, `${plan.guest} is not in pool ${expected}`)];
}

function missingHighAvailability(plan: RestorePlan, sid: string | undefined): Finding[] {
  const expected = plan.memberships.highAvailability;
  if (expected === undefined || expected === sid) return [];
  const mend = `ha-manager add ${expected}`;
  return [{ severity: "todo", text: `${plan.guest} is not managed by high availability any more`, mend }];
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

/** What Pulumi declared, Pulumi mends; it must look first, since its state still shows what was there. */
function todo(plan: RestorePlan, text: string): Finding {
  return { severity: "todo", text, mend: `pulumi up --refresh --stack ${plan.environment}` };
}
