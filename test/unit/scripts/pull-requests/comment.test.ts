import * as fc from "fast-check";
import { marker, renderComment } from "../../../../scripts/pull-requests/comment";
import {
  type Change,
  failed,
  operations,
  previewed,
  type StackPreview,
} from "../../../../scripts/inspect/preview/preview-file";

const subject = { commit: "0123456789abcdef0123456789abcdef01234567", runUrl: "https://github.com/o/r/actions/runs/1" };

const change = (operation: Change["operation"], resource: string, properties: string[] = []): Change => ({
  operation,
  resource,
  type: "proxmoxve:index/containerLegacy:ContainerLegacy",
  properties,
});

test("what is replaced and deleted comes first and is not folded; failures have their reason [M1]", () => {
  const prod = previewed("prod", {
    changes: [
      change("create", "cache"),
      change("update", "web", ["memory"]),
      change("delete", "db"),
      change("replace", "mail", ["vmId"]),
    ],
    same: 12,
    warnings: ["Hazard: archives lie on the guest's own node\nHINT: copy them"],
  });
  const lab = failed("lab", "Unable to create guest gitea: container 201 is on pve-lab\nHINT: adopt: 201");
  const comment = renderComment([lab, prod, previewed("monitoring", { changes: [], same: 7, warnings: [] })], subject);
  expect(comment).toBe(`<!-- lifeboat: preview -->

## Preview

> [!CAUTION]
> What is replaced or deleted loses what is in it.
>
> - **1 replace, 1 delete** in \`prod\`

| stack | create | import | update | replace | delete | same |
| --- | --: | --: | --: | --: | --: | --: |
| \`lab\` | **failed** |  |  |  |  |  |
| \`prod\` | 1 |  | 1 | **1** | **1** | 12 |
| \`monitoring\` |  |  |  |  |  | 7 |

### \`lab\` cannot be previewed

\`\`\`text
Unable to create guest gitea: container 201 is on pve-lab
HINT: adopt: 201
\`\`\`

### \`prod\`: replaced or deleted

\`\`\`diff
-+ replace mail (ContainerLegacy): vmId
-  delete  db (ContainerLegacy)
\`\`\`

<details><summary>prod: 2 other changes</summary>

\`\`\`diff
!  update  web (ContainerLegacy): memory
+  create  cache (ContainerLegacy)
\`\`\`

</details>

<details><summary>prod: 1 warning</summary>

\`\`\`text
Hazard: archives lie on the guest's own node
  HINT: copy them
\`\`\`

</details>

Commit \`0123456789ab\`, [run](https://github.com/o/r/actions/runs/1).
`);
});

/** Texts that mean something to Markdown, to GitHub, to HTML or to a terminal, in every mixture. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "```",
        "````",
        "`",
        "~~~",
        "\n",
        "\r",
        "\r\n",
        "\u2028",
        "\n```\n",
        "\n</details>\n",
        "@everyone",
        "#1",
      ),
      fc.constantFrom(
        "<script>",
        "<img src=x>",
        "-->",
        "<!--",
        "|",
        "\n---\n",
        "\n# ",
        "[a](http://b)",
        "https://evil.example",
      ),
      fc.constantFrom(
        "\u001b[2J",
        "\u202e",
        "\u200b",
        "\u0000",
        marker,
        "${{ secrets.X }}",
        "$(id)",
        "\\",
        "*",
        "_",
        "\n> [!NOTE]\n",
      ),
      fc.string({ unit: "binary", maxLength: 12 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

const hostileChange: fc.Arbitrary<Change> = fc.record({
  operation: fc.constantFrom(...operations),
  resource: hostileText,
  type: hostileText,
  properties: fc.array(hostileText, { maxLength: 3 }),
});

const hostilePreview: fc.Arbitrary<StackPreview> = fc.oneof(
  fc
    .record({
      changes: fc.array(hostileChange, { maxLength: 6 }),
      same: fc.nat(9),
      warnings: fc.array(hostileText, { maxLength: 2 }),
    })
    .map((found) => previewed("prod", found)),
  fc
    .tuple(hostileText, fc.array(hostileText, { maxLength: 2 }))
    .map(([reason, warnings]) => failed("prod", reason, warnings)),
);

/** The same preview with no text of anybody else's in it. */
function harmless(preview: StackPreview): StackPreview {
  const warnings = preview.warnings.map(() => "w");
  if (preview.outcome === "failed") return { ...preview, reason: "r", warnings };
  const changes = preview.changes.map(({ operation }) => ({ operation, resource: "a", type: "b", properties: [] }));
  return { ...preview, changes, warnings };
}

interface Read {
  /** Every line outside blocks, with a mark where a block was. */
  outside: string[];
  blocks: string[][];
}

/** Reads fenced code blocks as CommonMark has them: a fence is closed by one at least as long, indented by up to three. */
function readBlocks(comment: string): Read {
  const read: Read = { outside: [], blocks: [] };
  let fence = "";
  for (const line of comment.split(/\r\n|\n|\r/u)) {
    const [, ticks = ""] = /^ {0,3}(`{3,})/u.exec(line) ?? [];
    if (fence === "" && ticks !== "") {
      fence = ticks;
      read.outside.push("[block]");
      read.blocks.push([]);
    } else if (fence !== "" && ticks.length >= fence.length && /^ {0,3}`+[ \t]*$/u.test(line)) fence = "";
    else (fence === "" ? read.outside : (read.blocks.at(-1) ?? [])).push(line);
  }
  expect(fence).toBe("");
  return read;
}

test("no text of the site or of the pull request gets out of its block, whatever it is made of [M1]", () => {
  fc.assert(
    fc.property(fc.array(hostilePreview, { minLength: 1, maxLength: 3 }), (previews) => {
      const comment = renderComment(previews, subject);
      const read = readBlocks(comment);
      expect(read.outside).toEqual(readBlocks(renderComment(previews.map(harmless), subject)).outside);
      // eslint-disable-next-line no-control-regex
      expect(comment).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/u);
    }),
    { numRuns: 500 },
  );
});

test("one change is one line, whatever its name [M1]", () => {
  fc.assert(
    fc.property(fc.array(hostileChange, { minLength: 1, maxLength: 9 }), (changes) => {
      const { blocks } = readBlocks(renderComment([previewed("prod", { changes, same: 0, warnings: [] })], subject));
      const lines = blocks.flat();
      expect(lines).toHaveLength(changes.length);
      for (const line of lines) expect(line).toMatch(/^(-\+|-|!|\+) +(replace|delete|update|import|create) /u);
    }),
    { numRuns: 300 },
  );
});

test("a comment fits in GitHub's limit, and the table is whole, however much changes [M1]", () => {
  const long = "ä".repeat(3_000);
  const changes = Array.from({ length: 500 }, (_, index) =>
    change(index % 2 === 0 ? "delete" : "create", long, [long]),
  );
  const stacks = Array.from({ length: 140 }, (_, index) => `${"e".repeat(95)}-${index}`);
  for (const count of [1, 3, 30, 140]) {
    const previews = stacks.slice(0, count).map((stack) => previewed(stack, { changes, same: 1, warnings: [long] }));
    const comment = renderComment(previews, subject);
    expect(comment.length).toBeLessThan(65_536);
    for (const { stack } of previews) expect(comment).toContain(`| \`${stack}\` | 250 |  |  |  | **250** | 1 |`);
    readBlocks(comment);
  }
});

test("what was cut is counted [M1]", () => {
  const changes = Array.from({ length: 1_300 }, (_, index) => change("delete", `guest-${index}`));
  const comment = renderComment([previewed("prod", { changes, same: 0, warnings: [] })], subject);
  expect(comment).toContain("… and 1100 more");
  expect(comment).toContain("| **1300** |");
});
