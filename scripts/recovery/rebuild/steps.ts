import { pulumiLine } from "../../../site/plain-pulumi";
import { compareEnvironment } from "../../project/pulumi-variables";
import { type Finding, type Step, type StepGroup, type StepNode, standing } from "../engine/step";
import { planKeys, writeKeys } from "../steps/state/site-keys";
import { copyFindings } from "../steps/state/copies/copy-states";
import type { BegunOperation } from "../engine/operation";
import type { RebuildPlan } from "./plan";
import type { RebuildSession } from "./world";
import { containerSteps, contentStep, renameStep } from "./pulumi-steps";
import { homeStep, localStep, pushSteps } from "./state-steps";

/** Makes a state store again, and brings the states back, each from its copy. */
export function rebuildSteps(plan: RebuildPlan, session: RebuildSession, begun: BegunOperation): StepNode[] {
  const { owner, environments, guest } = plan;
  const own = environments.find(({ name }) => name === owner);
  const others = environments.filter(({ name, stored, copy }) => name !== owner && !stored && copy !== undefined);
  return [
    ...(plan.keys.length > 0 ? [keysStep(plan, session)] : []),
    ...(own === undefined || own.local || own.stored ? [] : [localStep(plan, own, session, begun)]),
    ...(plan.map === undefined || plan.answers ? [] : [renameStep(plan.map, session)]),
    ...(guest === undefined || plan.answers ? [] : [containerSteps(plan, guest, session)]),
    contentStep(plan, session),
    ...others.map((one) => pushSteps(one, session)),
    homeStep(plan, session, begun),
    proofs(plan, session),
    copyStep(plan, session),
  ];
}

function keysStep({ keys }: RebuildPlan, { site, siteStore, context }: RebuildSession): Step {
  return standing({
    id: "keys",
    title: "Write new keys of the state store into the settings",
    does: `make ${keys.join(", ")}, and write them encrypted into the settings`,
    run: async () => writeKeys(site, siteStore, await planKeys(site, siteStore, context)),
  });
}

function proofs({ environments }: RebuildPlan, session: RebuildSession): StepGroup {
  return {
    id: "prove",
    title: "Every environment works",
    steps: environments
      .filter(({ copy, stored, local }) => copy !== undefined || stored || local)
      .map(({ name }) => proofStep(name, session)),
  };
}

function proofStep(name: string, { site, context }: RebuildSession): Step {
  return {
    id: name,
    title: `Preview ${name}`,
    does: `prove that ${name} works with the store: pulumi preview`,
    run: async ({ signal }) => {
      const compared = await compareEnvironment(site.environment(name), context.io.environment, signal);
      if (!compared.compared) {
        const text = `${name} does not work with the store yet: ${compared.why}`;
        return { facts: { works: false }, findings: [{ severity: "problem", text, mend: compared.command }] };
      }
      const count = compared.differences.length;
      const names = compared.differences.map(({ operation, resource }) => `${operation} ${resource}`).join(", ");
      const differs: Finding = {
        severity: "todo",
        text: `${name} works with the store; what was done since the copy differs: ${names}`,
        mend: pulumiLine(name, "up --refresh"),
      };
      return { facts: { works: true, differences: count }, findings: count === 0 ? [] : [differs] };
    },
  };
}

function copyStep({ environments, owner }: RebuildPlan, session: RebuildSession): Step {
  return {
    id: "copy",
    title: "Copy the states",
    does: "make the folder of copies what the store holds now",
    run: async () => {
      const present = environments.filter(({ copy, stored, name }) => copy !== undefined || stored || name === owner);
      const loaded = present.map(({ name }) => session.site.environment(name));
      return { findings: await copyFindings(loaded, session.context) };
    },
  };
}

/** For reports: whether an environment was proven. */
export function proofPath(name: string): string {
  return `prove/${name}`;
}
