import { readPreview } from "../../../../../scripts/clients/pulumi-cli/preview";
import {
  missingPluginHint,
  readErrors,
  readLocks,
  readProgress,
  readProtected,
  readSummary,
} from "../../../../../scripts/clients/pulumi-cli/pulumi-output";

// As pulumi 3.258 prints it.
const refused = `Updating (n):
    pulumi:pulumi:Stack labp-n running error: Unable to do it: policy says no
    pulumi:pulumi:Stack labp-n **failed** 1 error
Diagnostics:
  pulumi:pulumi:Stack (labp-n):
    error: Unable to do it: policy says no
    HINT: do this

  lab:x:C (two):
    warning: something else
    error: 2 errors occurred:
      * one
      * two

Outputs:
    plain : "x"

Resources:
    + 3 created
    +-1 replaced
    ~ 2 updated
    3 unchanged
    1 errored

Duration: 38s
`;

test("errors are those of the program and of resources, each with all of its lines, and nothing else [B3]", () => {
  expect(readErrors(refused)).toEqual([
    "Unable to do it: policy says no\nHINT: do this",
    "2 errors occurred:\n  * one\n  * two",
  ]);
  expect(readErrors("\nerror: no stack named 'prod' found\n")).toEqual(["no stack named 'prod' found"]);
  expect(readErrors("\nUpdating (n):\nDuration: 1s\n")).toEqual([]);
});

test("a summary tells what was changed [B3]", () => {
  expect(readSummary(refused)).toEqual({ create: 3, replace: 1, update: 2 });
  expect(readSummary("\nResources:\n    55 unchanged\n\nDuration: 17s\n")).toEqual({});
});

test("a preview counts changes, a replacement once, and has the program's words [B3]", () => {
  const changeSummary = { same: 3, create: 1, replace: 1, "create-replacement": 1, "delete-replaced": 1, read: 2 };
  const diagnostics = [{ severity: "error", message: "error: Unable to do it\nHINT: do this\n" }];
  const result = { code: 255, stdout: JSON.stringify({ changeSummary, diagnostics }), stderr: "", timedOut: false };
  expect(readPreview(result)).toMatchObject({
    changes: { create: 1, replace: 1 },
    same: 3,
    errors: ["Unable to do it\nHINT: do this"],
    warnings: [],
    failure: "Unable to do it\nHINT: do this",
  });
  expect(readPreview({ ...result, code: 0, stdout: "error: nonsense" }).failure).toBe("exit code 0");
});

test("locks: who and since when; another error is about none [E3]", () => {
  const error = `the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  s3://bucket/.pulumi/locks/organization/site/prod/1.json: created by ops@admin-pc (pid 4711) at 2026-11-20T10:00:00Z`;
  expect(readLocks(error)).toEqual([{ owner: "ops", hostname: "admin-pc", pid: 4711, since: "2026-11-20T10:00:00Z" }]);
  expect(readLocks("created by ops@admin-pc (pid 4711) at noon")).toEqual([]);
});

test.each([
  [
    " +  proxmoxve:index/containerLegacy:ContainerLegacy web-container creating (3s) ",
    "ContainerLegacy web-container: creating (3s)",
  ],
  [" ~  lab:x:C one updated (0.2s) [diff: ~memory]", "C one: updated (0.2s) [diff: ~memory]"],
  ["    pulumi:pulumi:Stack labp-n running error: Unable", "Stack labp-n: running"],
  ["@ updating....", undefined],
  ["Resources:", undefined],
])("%j is told as %j [B3]", (line, text) => expect(readProgress(line)).toBe(text));

test("what is protected is named by the address that Pulumi gives it, and other errors name nothing [A10]", () => {
  const urn =
    "urn:pulumi:prod::lifeboat::lifeboat:guests:Container$proxmoxve:index/containerLegacy:ContainerLegacy::db-container";
  const error = `Preview failed: resource "${urn}" cannot be deleted
because it is protected. To unprotect the resource, either remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\`, or use the command:
\`pulumi state unprotect '${urn}'\``;
  expect(readProtected(`${error}\n${error}`)).toEqual([urn]);
  expect(readProtected(`deleting ${urn}: timed out`)).toEqual([]);
});

test("a plugin that is not there is told with what gets it, and no other error is [A10]", () => {
  const printed =
    "no resource plugin 'pulumi-resource-proxmoxve' found in the workspace at version v8.6.0 or on your $PATH from github://api.github.com/muhlba91/pulumi-proxmoxve";
  expect(missingPluginHint(printed)).toContain("npm run -s toolchain -- --install-plugins");
  expect(missingPluginHint("Unable to do it: policy says no")).toBeUndefined();
});
