import * as z from "zod";
import { runProgramFile } from "../../../scripts/clients/run-program";
import type { Accepted } from "./accepted";

/** A known weakness of a package that the program is installed with. */
export interface Weakness {
  advisory: string;
  package: string;
  severity: string;
  title: string;
  url: string;
}

/** What an audit found. Where the registry does not answer it, nothing was audited: that is neither good nor bad. */
export type Audit =
  | { audited: false; why: string }
  | {
      audited: true;
      /** How many installed packages were asked about. */
      packages: number;
      open: Weakness[];
      /** Accepted ones, each with its reason. */
      accepted: (Weakness & { reason: string; until: string })[];
      /** Accepted ones that are not there any more. */
      obsolete: Accepted[];
    };

const advisorySchema = z.object({ name: z.string(), title: z.string(), url: z.string(), severity: z.string() });
const reportSchema = z.object({
  auditReportVersion: z.literal(2),
  // `via` names another weak package, or has the weakness itself.
  vulnerabilities: z.record(z.string(), z.object({ via: z.array(z.union([z.string(), advisorySchema])) })),
  metadata: z.object({ dependencies: z.object({ prod: z.number() }) }),
});
const refusalSchema = z.object({ message: z.string() });

/** Milliseconds. npm itself tries for a while. */
const timeout = 5 * 60_000;

/**
 * Asks the registry about the packages of `package-lock.json` that are installed with the program, by `npm audit`.
 *
 * @param today `2026-11-30`.
 * @throws Error when what npm prints is not understood.
 */
export async function audit(
  folder: string,
  accepted: readonly Accepted[],
  today: string,
  options: readonly string[] = [],
): Promise<Audit> {
  const words = ["audit", "--omit=dev", "--package-lock-only", "--json", ...options];
  const { stdout } = await runProgramFile("npm", words, { workingDirectory: folder, timeout });
  const printed: unknown = JSON.parse(stdout);
  const report = reportSchema.safeParse(printed);
  if (report.success) return judge(report.data, accepted, today);
  const refusal = refusalSchema.safeParse(printed);
  if (refusal.success) return { audited: false, why: refusal.data.message };
  throw new Error(`what npm audit prints is not understood: ${stdout.slice(0, 500)}`);
}

function judge(
  { vulnerabilities, metadata }: z.infer<typeof reportSchema>,
  accepted: readonly Accepted[],
  today: string,
): Audit {
  const found = Object.values(vulnerabilities).flatMap(({ via }) =>
    via.flatMap((weakness) => (typeof weakness === "string" ? [] : [toWeakness(weakness)])),
  );
  const weaknesses = [
    ...new Map(found.map((weakness) => [`${weakness.advisory} ${weakness.package}`, weakness])).values(),
  ];
  const acceptanceOf = (weakness: Weakness): Accepted | undefined =>
    accepted.find(
      (entry) => entry.advisory === weakness.advisory && entry.package === weakness.package && entry.until >= today,
    );
  return {
    audited: true,
    packages: metadata.dependencies.prod,
    open: weaknesses.filter((weakness) => acceptanceOf(weakness) === undefined),
    accepted: weaknesses.flatMap((weakness) => {
      const entry = acceptanceOf(weakness);
      return entry === undefined ? [] : [{ ...weakness, reason: entry.reason, until: entry.until }];
    }),
    obsolete: accepted.filter((entry) => !weaknesses.some(({ advisory }) => advisory === entry.advisory)),
  };
}

function toWeakness({ name, title, url, severity }: z.infer<typeof advisorySchema>): Weakness {
  return { advisory: url.split("/").at(-1) ?? url, package: name, severity, title, url };
}
