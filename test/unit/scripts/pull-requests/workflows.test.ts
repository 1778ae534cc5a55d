import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

// actionlint says whether a workflow is right; this says whether it is safe.
const folder = resolve(__dirname, "../../../../.github/workflows");

const stepSchema = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  if: z.string().optional(),
  env: z.record(z.string(), z.unknown()).default({}),
  with: z.record(z.string(), z.unknown()).default({}),
});
const jobSchema = z.object({
  if: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).default([]),
  "runs-on": z.string(),
  "timeout-minutes": z.number(),
  permissions: z.record(z.string(), z.string()),
  environment: z.string().optional(),
  env: z.record(z.string(), z.unknown()).default({}),
  steps: z.array(stepSchema),
});
const workflowSchema = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  concurrency: z.object({ group: z.string(), "cancel-in-progress": z.boolean() }),
  env: z.undefined().optional(),
  jobs: z.record(z.string(), jobSchema),
});

const files = readdirSync(folder);
/** Runs for no event of a pull request, on what is on the default branch. */
const drill = "drill.yml";
const texts = new Map(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
const read = (file: string) => workflowSchema.parse(parse(texts.get(file) ?? ""));
const stepsOf = (file: string) => Object.values(read(file).jobs).flatMap(({ steps }) => steps);
const preview = read("preview.yml");

function job(name: string): z.infer<typeof jobSchema> {
  const found = preview.jobs[name];
  if (found === undefined) throw new Error(`there is no job ${name}`);
  return found;
}

describe.each(files)("%s", (file) => {
  test("runs on nothing that would give a stranger's code rights or secrets [M1]", () => {
    const triggers = Object.keys(read(file).on);
    const allowed = file === drill ? ["schedule", "workflow_dispatch"] : ["pull_request", "push"];
    expect(triggers).toContain(allowed[0]);
    expect(triggers.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test("gives no right to all jobs, and every job has its own, a time limit and no more than one run at once [M1]", () => {
    const { permissions, jobs, concurrency } = read(file);
    expect(permissions).toEqual({});
    // A drill that is cut off leaves copies of guests behind; a whole site of them takes hours.
    expect(concurrency["cancel-in-progress"]).toBe(file !== drill);
    for (const { permissions: own, "timeout-minutes": minutes } of Object.values(jobs)) {
      expect(Object.values(own)).not.toContain("write-all");
      expect(minutes).toBeLessThanOrEqual(file === drill ? 360 : 45);
    }
  });

  test("pins every action by its commit, and says which version that is [M1]", () => {
    const lines = (texts.get(file) ?? "").split("\n").filter((line) => /\buses:/u.test(line));
    expect(lines.length).toBe(stepsOf(file).filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) {
      expect(line).toMatch(
        /uses: actions\/(checkout|setup-node|upload-artifact|download-artifact)@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u,
      );
    }
  });

  test("puts no expression into a script [M1]", () => {
    for (const { run } of stepsOf(file)) expect(run ?? "").not.toContain("${{");
  });

  test("leaves no token in the checkout, runs no script of a dependency, and trusts no cache [M1]", () => {
    for (const { uses = "", run = "", with: options } of stepsOf(file)) {
      if (uses.startsWith("actions/checkout@")) expect(options).toMatchObject({ "persist-credentials": false });
      if (uses.startsWith("actions/setup-node@")) {
        expect(options).toMatchObject({ "package-manager-cache": false });
        expect(options).not.toHaveProperty("cache");
      }
      if (/\bnpm (ci|install|i)\b/u.test(run)) expect(run).toBe("npm ci --ignore-scripts");
    }
  });

  test("shows secrets to single steps, never to a job [M1]", () => {
    const { jobs } = read(file);
    for (const { env } of Object.values(jobs)) expect(env).toEqual({});
    const text = texts.get(file) ?? "";
    expect(text).not.toMatch(/toJSON\(secrets|secrets\[|secrets: inherit/u);
  });
});

describe("preview.yml", () => {
  test("nothing runs for forks: the first job asks, and all others need it [M1]", () => {
    expect(job("stacks").if).toContain("github.event.pull_request.head.repo.full_name == github.repository &&");
    expect(job("stacks").if).not.toContain("||");
    for (const [name, { needs, if: condition = "" }] of Object.entries(preview.jobs)) {
      if (name === "stacks") continue;
      expect([needs].flat()).toContain("stacks");
      // A condition with a function of status runs after skipped jobs too.
      if (/cancelled\(\)|always\(\)|failure\(\)/u.test(condition)) {
        expect(condition).toContain("needs.stacks.result == 'success' &&");
      }
    }
  });

  test("the environments are those of the settings' files, and stand nowhere in the workflow [M1]", () => {
    const strategy: unknown = parse(texts.get("preview.yml") ?? "").jobs.preview.strategy;
    expect(strategy).toEqual({
      "fail-fast": false,
      matrix: { stack: "${{ fromJSON(needs.stacks.outputs.found).environments }}" },
    });
    expect(texts.get("preview.yml")).not.toMatch(/\b(prod|lab|monitoring)\b/u);
  });

  test("only maintainers' own pushes need no approval, and a preview waits for it [M1]", () => {
    const { if: condition = "", environment, permissions } = job("approval");
    expect(condition).toMatch(/^!\(contains\(fromJSON\('\["OWNER", "MEMBER"\]'\), .*author_association\) &&/u);
    expect(condition).toContain("github.event.sender.id == github.event.pull_request.user.id");
    expect([environment, permissions]).toEqual(["preview-approval", {}]);
    expect(job("preview").needs).toContain("approval");
    expect(job("preview").if).toContain("(needs.approval.result == 'success' || needs.approval.result == 'skipped')");
  });

  test("secrets of the site are where nothing may be written, and rights to write where none of them is [M1]", () => {
    for (const [name, { permissions, environment, steps }] of Object.entries(preview.jobs)) {
      const secrets = steps
        .flatMap(({ env }) => Object.values(env))
        .filter((value) => String(value).includes("secrets."));
      const writes = Object.values(permissions).includes("write");
      expect([name, writes && (secrets.length > 0 || environment !== undefined)]).toEqual([name, false]);
      expect([name, secrets.length > 0]).toEqual([name, name === "preview"]);
    }
    expect(job("preview").environment).toBe("preview-${{ matrix.stack }}");
    expect(job("comment").permissions).toEqual({ contents: "read", "pull-requests": "write" });
  });

  test("the job that may write runs the program of the target branch [M1]", () => {
    const [checkout] = job("comment").steps;
    expect(checkout?.with).toMatchObject({ ref: "${{ github.event.pull_request.base.sha }}" });
  });
});

test("guide and workflow both say for whom a runner of one's own is safe: a fork brings its own workflow file [M1]", () => {
  const guide = readFileSync(resolve(folder, "../../docs/guides/pull-requests.md"), "utf8");
  for (const text of [guide, texts.get("preview.yml") ?? ""]) {
    const words = text.replaceAll(/[\s#*"]+/gu, " ");
    expect(words).toMatch(/fork brings its own workflow file/u);
    expect(words).toMatch(/private/u);
    expect(words).toMatch(/require approval for all external contributors/iu);
  }
  // Wherever a job asks for a runner of one's own.
  const own = files.filter((file) =>
    Object.values(read(file).jobs).some((one) => !one["runs-on"].startsWith("ubuntu-")),
  );
  expect(own).toEqual([drill, "preview.yml"]);
});

test("a drill runs each quarter, keeps what it found whatever that is, and has no right to write [G2]", () => {
  const { on, jobs } = read(drill);
  expect(on["schedule"]).toEqual([{ cron: "0 6 1 1,4,7,10 *" }]);
  const steps = stepsOf(drill);
  expect(steps.filter(({ env }) => JSON.stringify(env).includes("secrets."))).toMatchObject([
    { run: ".github/hold-drill.sh evidence" },
  ]);
  expect(steps.at(-1)).toMatchObject({ if: "${{ !cancelled() }}", with: { "if-no-files-found": "error" } });
  expect(Object.values(jobs).map(({ permissions }) => permissions)).toEqual([{ contents: "read" }]);
});
